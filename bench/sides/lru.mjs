// A Map of driver pools that is kept small: the pool that was used longest ago is closed. This one waits until
// nobody uses it, which many such caches forget.

import { readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { openPool } from './drivers.mjs';
import { serve } from './serve.mjs';

const { address, perTenant, pools: maxPools } = readConfig();
/** @type {Map<string, { pool: import('./drivers.mjs').Pool, users: number, evicted: boolean }>} in the order of use */
const entries = new Map();

await serve(async (name) => {
  const entry = use(name);
  entry.users++;
  try {
    return await entry.pool.query(USERS);
  } finally {
    entry.users--;
    closeIfDone(entry);
  }
});

function use(name) {
  let entry = entries.get(name);
  if (entry === undefined) entry = { pool: openPool(address, name, perTenant), users: 0, evicted: false };
  else entries.delete(name);
  entries.set(name, entry);
  if (entries.size > maxPools) evictOldest();
  return entry;
}

function evictOldest() {
  const [name, entry] = entries.entries().next().value;
  entries.delete(name);
  entry.evicted = true;
  closeIfDone(entry);
}

function closeIfDone({ evicted, users, pool }) {
  if (evicted && users === 0) pool.end().catch(() => {});
}
