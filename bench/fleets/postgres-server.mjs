// What the fleets on PostgreSQL have in common.

import pg from 'pg';
import { startPostgres } from '../../test/servers/postgres.mjs';
import { catalogRows, chunksOf, MODEL } from './schema.mjs';

/** A user who must prove a password (SCRAM), as in production: that is half of what a connection costs. */
const USER = 'bench';
const PASSWORD = 'bench';

/**
 * A server, how its administrator reaches it, and how a user with a password does.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 */
export async function startServer(group) {
  const settings = { max_connections: 4000, shared_buffers: '512MB' };
  const { tcpUrl, pid } = await startPostgres(group, { settings });
  const { hostname: host, port, username } = new URL(tcpUrl);
  const admin = { host, port: Number(port), user: username, password: '' };
  await within({ ...admin, database: 'postgres' }, (client) =>
    client.query(`CREATE ROLE ${USER} LOGIN SUPERUSER PASSWORD '${PASSWORD}'`),
  );
  return {
    ...{ admin, pid, server: `postgres://${USER}:${PASSWORD}@${host}:${port}/` },
    address: { engine: 'postgres', host, port: Number(port), user: USER, password: PASSWORD },
  };
}

/** A connection for as long as something is done with it. */
export async function within(options, work) {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function connect(options) {
  const client = new pg.Client(options);
  await client.connect();
  return client;
}

/**
 * Writes tenants into the catalog, placed like the model but for what says where they are.
 *
 * @param {import('pg').Client} client in the catalog's database
 * @param {readonly { id: string, name: string }[]} tenants
 * @param {import('./schema.mjs').PlaceOf} [placeOf]
 */
export async function register(client, tenants, placeOf) {
  const first = async (sql) => (await client.query(sql)).rows[0];
  const model = await first(`SELECT * FROM tenantry_tenants WHERE name = '${MODEL}'`);
  const rows = catalogRows(
    tenants,
    model,
    await first(`SELECT * FROM tenantry_physical_names WHERE tenant_id = '${model.id}'`),
    Number((await first('SELECT revision FROM tenantry_catalog')).revision),
    placeOf,
  );
  for (const table of ['tenantry_tenants', 'tenantry_physical_names']) {
    for (const chunk of chunksOf(rows[table], 500)) await insertRows(client, table, chunk);
  }
  await client.query('UPDATE tenantry_catalog SET revision = $1', [rows.revision]);
}

export async function insertRows(client, table, rows) {
  const sql = `INSERT INTO ${table} SELECT * FROM json_populate_recordset(null::${table}, $1)`;
  await client.query(sql, [JSON.stringify(rows)]);
}
