export { noAddress } from '../../engine/no-address.js';
export { postgres } from './engine.js';
export { PgSender } from './lend.js';
export {
  type CatalogReader,
  type RowKeyType,
  rowPolicies,
  sharedPolicies,
  type UnguardedTable,
  unguardedTables,
} from './row-policies.js';
