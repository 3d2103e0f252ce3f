import mysql from 'mysql2/promise';
import { startMariadb } from '../../test/servers/mariadb.mjs';
import { catalogRows, chunksOf, insertUsers, MODEL, makeModel, newTenants, shareOut } from './schema.mjs';

/** Beside the tests' own settings: room for a connection per tenant, and for its thread. */
const SETTINGS = [
  '--max-connections=12000',
  '--back-log=1000',
  '--thread-cache-size=64',
  '--open-files-limit=20000',
  '--innodb-buffer-pool-size=1G',
  '--sync-frm=OFF',
];
const WORKERS = 2;

/**
 * A MariaDB with tenants in databases of their own.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 */
export async function startMysqlFleet(group) {
  const { tcpUrl, pid } = await startMariadb(group, { settings: SETTINGS });
  const { hostname, port, username } = new URL(tcpUrl);
  const address = { engine: 'mysql', host: hostname, port: Number(port), user: username, password: '' };
  const catalog = `${tcpUrl}General`;
  await makeModel(catalog, tcpUrl);
  let made = 0;
  return {
    ...{ address, catalog, server: tcpUrl, pid },
    /** Makes what is missing up to so many tenants. @param {number} count */
    async ensure(count) {
      if (made >= count) return;
      await copyModel(address, made + 1, count);
      made = count;
    },
  };
}

async function copyModel(address, from, to) {
  const { engine: _, ...server } = address;
  const open = () => mysql.createConnection({ ...server, multipleStatements: true });
  const workers = await Promise.all(Array.from({ length: WORKERS }, open));
  try {
    const [admin] = workers;
    const first = async (sql) => (await admin.query(sql))[0][0];
    const tables = [];
    for (const name of ['users', 'tenantry_identity']) {
      tables.push((await first(`SHOW CREATE TABLE ${MODEL}.${name}`))['Create Table']);
    }
    const create = (await first(`SHOW CREATE DATABASE ${MODEL}`))['Create Database'];
    const identity = await first(`SELECT * FROM ${MODEL}.tenantry_identity`);
    const tenants = newTenants(from, to);
    await shareOut(tenants, workers, async ({ id, name }, worker) => {
      const statements = [create.replace(MODEL, name), `USE ${name}`, ...tables, insertUsers(name)];
      statements.push('INSERT INTO tenantry_identity SET ?');
      await worker.query(statements.join(';\n'), [{ ...identity, tenant_id: id }]);
    });
    await register(admin, tenants, first);
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

async function register(admin, tenants, first) {
  await admin.query('USE General');
  const rows = catalogRows(
    tenants,
    await first(`SELECT * FROM tenantry_tenants WHERE name = '${MODEL}'`),
    await first(`SELECT * FROM tenantry_physical_names WHERE name = '${MODEL}'`),
    Number((await first('SELECT revision FROM tenantry_catalog')).revision),
  );
  for (const table of ['tenantry_tenants', 'tenantry_physical_names']) {
    for (const chunk of chunksOf(rows[table], 500)) {
      const columns = Object.keys(chunk[0]);
      const values = chunk.map((row) => columns.map((column) => row[column]));
      await admin.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ?`, [values]);
    }
  }
  await admin.query('UPDATE tenantry_catalog SET revision = ?', [rows.revision]);
}
