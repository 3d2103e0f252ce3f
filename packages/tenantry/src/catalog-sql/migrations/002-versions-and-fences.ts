import { addColumn } from './add-column.js';
import type { Migration } from './migration.js';

/** The versions of code that may use the catalog, the fence of a tenant, and the end of a physical name. */
export const versionsAndFences: Migration = async (sql, dialect) => {
  const add = (table: string, column: string, type: string) => addColumn(sql, dialect, table, column, type);
  await add('tenantry_catalog', 'readable_from', 'integer not null default 2');
  await add('tenantry_catalog', 'writable_from', 'integer not null default 2');
  await add('tenantry_tenants', 'fence', 'bigint not null default 1');
  await add('tenantry_physical_names', 'begun_at', 'bigint null');
  await add('tenantry_physical_names', 'doomed_at', 'bigint null');
  // Nobody knows of these whether a database was begun, so it was.
  await sql.run('UPDATE tenantry_physical_names SET begun_at = taken_at WHERE begun_at IS NULL');
};
