// A Map of one driver pool per tenant, never closed: what a team writes first.

import { readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { openPool } from './drivers.mjs';
import { serve } from './serve.mjs';

const { address, perTenant } = readConfig();
/** @type {Map<string, import('./drivers.mjs').Pool>} */
const pools = new Map();

await serve((name) => {
  let pool = pools.get(name);
  if (pool === undefined) {
    pool = openPool(address, name, perTenant);
    pools.set(name, pool);
  }
  return pool.query(USERS);
});
