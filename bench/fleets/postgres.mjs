import { connect, register, startServer, within } from './postgres-server.mjs';
import { insertUsers, MODEL, makeModel, newTenants, shareOut } from './schema.mjs';

const WORKERS = 2;

/**
 * A PostgreSQL with tenants in databases of their own.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 */
export async function startPostgresFleet(group) {
  const { admin, address, server, pid } = await startServer(group);
  const catalog = `${server}General`;
  await makeModel(catalog, server);
  let made = 0;
  return {
    ...{ address, catalog, server, pid },
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
