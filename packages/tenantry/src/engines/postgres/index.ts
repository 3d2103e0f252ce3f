export { postgres } from './engine.js';
export {
  type CatalogReader,
  type RowKeyType,
  rowPolicies,
  sharedPolicies,
  type UnguardedTable,
  unguardedTables,
} from './row-policies.js';
