// The steps before the driver: `tenancy.session(name)` of a tenant that is in memory, and the lease and release of
// an idle, certified connection, bare and with its driver's client lent and revoked. Nanoseconds, bytes allocated and promises made, per operation.

import { createHook } from 'node:async_hooks';
import { getHeapStatistics } from 'node:v8';
import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { openServerPool } from '../lib/server-pool.mjs';
import { tenantName } from '../load/sequence.mjs';

const { engine, catalog, server } = readConfig();
const name = tenantName(1);
const tenancy = await createTenancy({ catalog, servers: { main: server }, cache: { pollMs: 5000 } });
await tenancy.session(name).query('SELECT 1 AS one');
// The connection is a real one, and waits to be taken.
const { pool, target } = await openServerPool({ engine, url: server, database: name, maxConnections: 1 });
(await pool.acquire(target)).release();
if (pool.take(target)?.release() !== undefined || pool.stats().idle !== 1) {
  throw new Error('The connection is not idle after its release.');
}

const operations = {
  session: () => tenancy.session(name),
  lease: () => pool.take(target)?.release(),
  lend: () => {
    const lease = pool.take(target);
    lease?.connection.lend().revoke();
    lease?.release();
  },
};

answerParent({ measure });

async function measure({ count, rounds }) {
  const samples = { session: [], lease: [], lend: [], 'session again': [], 'lease again': [] };
  for (let round = -2; round < rounds; round++) {
    for (const key of Object.keys(samples)) {
      const operation = operations[key.split(' ')[0]];
      const startedAt = process.hrtime.bigint();
      for (let index = 0; index < count; index++) operation();
      const nanos = Number(process.hrtime.bigint() - startedAt) / count;
      if (round >= 0) samples[key].push(nanos);
      await new Promise(setImmediate);
    }
  }
  return {
    samples,
    bytes: ofEach(bytesOf),
    promises: ofEach(promisesOf),
  };
}

function ofEach(measureOne) {
  return Object.fromEntries(
    Object.entries(operations).map(([key, operation]) => [key, measureOne(operation)]),
  );
}

/** Bytes per operation. The young generation is large (see how this process is started), so nothing is collected meanwhile. */
function bytesOf(operation) {
  const count = 20_000;
  const used = () => getHeapStatistics().used_heap_size;
  const run = () => {
    globalThis.gc?.();
    const before = used();
    for (let index = 0; index < count; index++) operation();
    return (used() - before) / count;
  };
  run();
  return Math.round(run());
}

function promisesOf(operation) {
  const count = 100;
  let made = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'PROMISE') made++;
    },
  }).enable();
  for (let index = 0; index < count; index++) operation();
  hook.disable();
  return made / count;
}
