export {
  type CatalogReader,
  postgres,
  type RowKeyType,
  rowPolicies,
  sharedPolicies,
  type UnguardedTable,
  unguardedTables,
} from '../../engines/postgres/index.js';
export { type PgDriver, pgDriver } from './driver.js';
export { pgPool } from './pool.js';
export type { PgPoolOptions } from './tenant-pool.js';
