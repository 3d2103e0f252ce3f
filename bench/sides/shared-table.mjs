// The bare driver on a table that tenants share, with a condition in each statement. Fast, and no isolation at all:
// a statement without the condition reaches everybody's rows.

import { readConfig } from '../lib/child.mjs';
import { openPool } from './drivers.mjs';
import { serve } from './serve.mjs';

const { address, connections, database } = readConfig();
const pool = openPool(address, database, connections);
await serve((name) => pool.query(`SELECT id, username FROM users WHERE tenant = '${name}' ORDER BY id`));
