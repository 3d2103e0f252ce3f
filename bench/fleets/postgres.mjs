import pg from 'pg';
import { startPostgres } from '../../test/servers/postgres.mjs';
import { catalogRows, chunksOf, insertUsers, MODEL, makeModel, newTenants, shareOut } from './schema.mjs';

const WORKERS = 2;
/** A user who must prove a password (SCRAM), as in production: that is half of what a connection costs. */
const USER = 'bench';
const PASSWORD = 'bench';

/**
 * A PostgreSQL with tenants in databases of their own.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 */
export async function startPostgresFleet(group) {
  const settings = { max_connections: 4000, shared_buffers: '512MB' };
  const { tcpUrl, pid } = await startPostgres(group, { settings });
  const { hostname: host, port, username } = new URL(tcpUrl);
  const admin = { host, port: Number(port), user: username, password: '' };
  await within({ ...admin, database: 'postgres' }, (client) =>
    client.query(`CREATE ROLE ${USER} LOGIN SUPERUSER PASSWORD '${PASSWORD}'`),
  );
  const server = `postgres://${USER}:${PASSWORD}@${host}:${port}/`;
  const catalog = `${server}General`;
  await makeModel(catalog, server);
  let made = 0;
  return {
    address: { engine: 'postgres', host, port: Number(port), user: USER, password: PASSWORD },
    ...{ catalog, server, pid },
    /** Makes what is missing up to so many tenants. @param {number} count */
    async ensure(count) {
      if (made >= count) return;
      await copyModel(admin, made + 1, count);
      made = count;
    },
  };
}

async function copyModel(admin, from, to) {
  const tenants = newTenants(from, to);
  const open = () => connect({ ...admin, database: 'postgres' });
  const workers = await Promise.all(Array.from({ length: WORKERS }, open));
  try {
    await shareOut(tenants, workers, async ({ id, name }, worker) => {
      await worker.query(`CREATE DATABASE ${name} TEMPLATE ${MODEL} STRATEGY wal_log`);
      await within({ ...admin, database: name }, async (client) => {
        await client.query('UPDATE tenantry.identity SET tenant_id = $1', [id]);
        await client.query(insertUsers(name));
      });
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
  await within({ ...admin, database: 'General' }, (client) => register(client, tenants));
}

async function register(client, tenants) {
  const first = async (sql) => (await client.query(sql)).rows[0];
  const rows = catalogRows(
    tenants,
    await first(`SELECT * FROM tenantry_tenants WHERE name = '${MODEL}'`),
    await first(`SELECT * FROM tenantry_physical_names WHERE name = '${MODEL}'`),
    Number((await first('SELECT revision FROM tenantry_catalog')).revision),
  );
  for (const table of ['tenantry_tenants', 'tenantry_physical_names']) {
    for (const chunk of chunksOf(rows[table], 500)) {
      const sql = `INSERT INTO ${table} SELECT * FROM json_populate_recordset(null::${table}, $1)`;
      await client.query(sql, [JSON.stringify(chunk)]);
    }
  }
  await client.query('UPDATE tenantry_catalog SET revision = $1', [rows.revision]);
}

async function within(options, work) {
  const client = await connect(options);
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function connect(options) {
  const client = new pg.Client(options);
  await client.connect();
  return client;
}
