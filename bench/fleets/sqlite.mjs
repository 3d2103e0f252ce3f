import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { findDriver } from '../../packages/tenantry/dist/engines/sqlite/driver.js';
import { catalogRows, insertUsers, MODEL, makeModel, newTenants } from './schema.mjs';

/** The class of the driver that the library chooses on this machine, and its name. */
export function sqliteDriver() {
  const { name } = findDriver();
  return { name, Database: createRequire(import.meta.url)(name) };
}

/** Where a tenant's file is. */
export function sqliteFile(folder, name) {
  return join(folder, `${name}.sqlite`);
}

/**
 * A folder of tenants in files of their own.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 * @param {string} [name] of the folder
 */
export async function startSqliteFleet(group, name = 'sqlite') {
  const folder = join(group.directory, name);
  mkdirSync(folder);
  const server = `sqlite:${encodeURI(folder)}`;
  const catalog = `${server}?database=General`;
  await makeModel(catalog, server);
  let made = 0;
  return {
    ...{ folder, catalog, server },
    /** Makes what is missing up to so many tenants; `withFiles: false` registers them only. */
    ensure(count, { withFiles = true } = {}) {
      if (made >= count) return;
      copyModel(folder, made + 1, count, withFiles);
      made = count;
    },
  };
}

function copyModel(folder, from, to, withFiles) {
  const { Database } = sqliteDriver();
  const tenants = newTenants(from, to);
  const model = new Database(sqliteFile(folder, MODEL));
  // Everything into the one file that is copied.
  model.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  model.close();
  for (const { id, name } of withFiles ? tenants : []) {
    const file = sqliteFile(folder, name);
    copyFileSync(sqliteFile(folder, MODEL), file);
    const database = new Database(file);
    database.exec(`PRAGMA synchronous = OFF; BEGIN; ${insertUsers(name)};
      UPDATE tenantry_identity SET tenant_id = '${id}'; COMMIT`);
    database.close();
  }
  const catalog = new Database(sqliteFile(folder, 'General'));
  register(catalog, tenants);
  catalog.close();
}

function register(catalog, tenants) {
  const first = (sql) => catalog.prepare(sql).all()[0];
  const rows = catalogRows(
    tenants,
    first(`SELECT * FROM tenantry_tenants WHERE name = '${MODEL}'`),
    first(`SELECT * FROM tenantry_physical_names WHERE name = '${MODEL}'`),
    Number(first('SELECT revision FROM tenantry_catalog').revision),
  );
  catalog.exec('BEGIN');
  for (const table of ['tenantry_tenants', 'tenantry_physical_names']) {
    const columns = Object.keys(rows[table][0]);
    const insert = catalog.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    for (const row of rows[table]) insert.run(columns.map((column) => row[column]));
  }
  catalog.prepare('UPDATE tenantry_catalog SET revision = ?').run([rows.revision]);
  catalog.exec('COMMIT');
}
