// This library with Kysely: one instance for every tenant.

import { Kysely, MysqlDialect } from 'kysely';
import { mysqlPool } from '../../packages/tenantry/dist/adapters/mysql/index.js';
import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { readConfig } from '../lib/child.mjs';
import { serve } from './serve.mjs';

const { catalog, server, connections } = readConfig();
const servers = { main: { url: server, maxConnections: connections } };
const tenancy = await createTenancy({ catalog, servers });
const db = new Kysely({ dialect: new MysqlDialect({ pool: mysqlPool(tenancy) }) });
await serve((name) =>
  tenancy.run(name, () => db.selectFrom('users').select(['id', 'username']).orderBy('id').execute()),
);
