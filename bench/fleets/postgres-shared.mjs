import { rowPolicies } from '../../packages/tenantry/dist/engines/postgres/row-policies.js';
import { insertRows, register, startServer, within } from './postgres-server.mjs';
import { chunksOf, insertUsers, MODEL, makeModel, newTenants, TABLES, usersOf } from './schema.mjs';

/** The database that the tenants share, and the user that serves them: who owns nobody's tables. */
const DATABASE = 'app';
const USER = 'app';
/** A database that is nobody's, with the same table: what no tenant layer can beat. */
const FIXED = 'fixed';

/**
 * A PostgreSQL with tenants in schemas of one database.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 */
export const startSchemaFleet = (group) =>
  startSharedFleet(group, {
    isolation: 'schema',
    placeOf: ({ name }) => ({
      ...{ schema_name: name, row_key: null },
      physicalName: `${DATABASE}/${name}`,
    }),
    prepare: async () => {},
    // As the user that serves them, as if each had been made through the library.
    async copy(client, tenants) {
      await client.query(`SET ROLE ${USER}`);
      for (const { name } of tenants) {
        await client.query(`CREATE SCHEMA ${name};
          CREATE TABLE ${name}.users (LIKE ${MODEL}.users INCLUDING ALL);
          ${insertUsers(name, `${name}.users`)}`);
      }
      await client.query('RESET ROLE');
    },
  });

/**
 * A PostgreSQL with tenants in the rows of one table; a row key is the tenant's name here.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 */
export const startRowFleet = (group) =>
  startSharedFleet(group, {
    isolation: 'row',
    placeOf: ({ name }) => ({
      ...{ schema_name: null, row_key: name },
      physicalName: `${DATABASE}/=${name}`,
    }),
    prepare: (client) =>
      client.query(`CREATE TABLE users (
          tenant TEXT NOT NULL, id INT NOT NULL, username VARCHAR(100) NOT NULL, PRIMARY KEY (tenant, id)
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON users TO ${USER};
        ${rowPolicies('users', 'tenant')}`),
    async copy(client, tenants) {
      const rows = tenants.flatMap(({ name }) => usersOf(name).map((user) => ({ tenant: name, ...user })));
      await insertRows(client, 'users', rows);
    },
  });

async function startSharedFleet(group, { isolation, placeOf, prepare, copy }) {
  const { admin, address, server: root, pid } = await startServer(group);
  const url = new URL(DATABASE, root);
  url.username = USER;
  url.password = USER;
  const server = url.href;
  const catalog = `${root}General`;
  const shared = { ...admin, database: DATABASE };
  await within({ ...admin, database: 'postgres' }, async (client) => {
    await client.query(`CREATE ROLE ${USER} LOGIN PASSWORD '${USER}'`);
    await client.query(`CREATE DATABASE ${DATABASE}`);
    await client.query(`GRANT CREATE, CONNECT ON DATABASE ${DATABASE} TO ${USER}`);
    await client.query(`CREATE DATABASE ${FIXED}`);
  });
  await within({ ...admin, database: FIXED }, (client) => client.query(`${TABLES}${insertUsers(FIXED)}`));
  await within(shared, prepare);
  await makeModel(catalog, { url: server, isolation });
  let made = 0;
  return {
    ...{ address, catalog, server, isolation, pid, database: DATABASE, fixed: FIXED },
    /** Makes what is missing up to so many tenants. @param {number} count */
    async ensure(count) {
      if (made >= count) return;
      const tenants = newTenants(made + 1, count);
      await within(shared, async (client) => {
        for (const chunk of chunksOf(tenants, 500)) {
          await copy(client, chunk);
          await writeIdentities(client, chunk);
        }
        await client.query('ANALYZE');
      });
      await within({ ...admin, database: 'General' }, (client) => register(client, tenants, placeOf));
      made = count;
    },
  };
}

async function writeIdentities(client, tenants) {
  const table = 'tenantry.part_identity';
  // The model's is the only one, or the first of many that are alike.
  const [model] = (await client.query(`SELECT * FROM ${table} LIMIT 1`)).rows;
  await insertRows(
    client,
    table,
    tenants.map(({ id, name }) => ({ ...model, part: name, tenant_id: id })),
  );
}
