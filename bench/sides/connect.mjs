// A connection for each request: what a miss costs, for the model of the best possible eviction.

import { readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { openPool } from './drivers.mjs';
import { serve } from './serve.mjs';

const { address } = readConfig();

await serve(async (name) => {
  const pool = openPool(address, name, 1);
  try {
    return await pool.query(USERS);
  } finally {
    await pool.end();
  }
});
