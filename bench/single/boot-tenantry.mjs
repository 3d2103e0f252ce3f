// From the start of the process to the first answer, with this library.

import { createServer } from 'node:http';
import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { bootOnce } from './boot-once.mjs';

const { catalog, server, tenant, sql } = JSON.parse(process.argv[2] ?? '{}');
const tenancy = await createTenancy({ catalog, servers: { main: server } });
await bootOnce(createServer, tenant, (name) => tenancy.session(name).query(sql));
