// The bare driver with qualified names: every tenant's database, or schema, over the same few connections, without ever
// changing a connection. Fast, and no isolation at all: a statement reaches whatever it names.

import { readConfig } from '../lib/child.mjs';
import { openPool } from './drivers.mjs';
import { serve } from './serve.mjs';

const { address, connections, database } = readConfig();
const pool = openPool(address, database, connections);
await serve((name) => pool.query(`SELECT id, username FROM ${name}.users ORDER BY id`));
