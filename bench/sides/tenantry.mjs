// This library, as an application uses it.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { serve } from './serve.mjs';

const { catalog, server, isolation, connections, timeouts } = readConfig();
const servers = { main: { url: server, isolation, maxConnections: connections } };
const tenancy = await createTenancy({ catalog, servers, timeouts });
await serve((name) => tenancy.session(name).query(USERS));
