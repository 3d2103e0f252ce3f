// The bare driver on one database: what no tenant layer can beat.

import { readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { openPool } from './drivers.mjs';
import { serve } from './serve.mjs';

const { address, connections, database } = readConfig();
const pool = openPool(address, database, connections);
await serve(() => pool.query(USERS));
