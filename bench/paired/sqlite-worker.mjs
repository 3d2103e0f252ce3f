// The same statement on the engine's own connections: in this thread, in a thread and in a process of its own.

import { parseAddress } from '../../packages/tenantry/dist/engine/address.js';
import { sqlite } from '../../packages/tenantry/dist/engines/sqlite/index.js';
import { sqliteDriver } from '../fleets/sqlite.mjs';
import { answerParent, readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { tenantName } from '../load/sequence.mjs';
import { runBlocks } from './blocks.mjs';

const { server } = readConfig();
// libsql does not run in threads.
const kinds = sqliteDriver().name === 'libsql' ? ['process'] : ['thread', 'process'];

/** Milliseconds that each kind takes to open, once per connection. */
const opening = {};
const sides = { here: await open(), again: await open() };
for (const kind of kinds) sides[kind] = await open(kind);

answerParent({
  measure: async (size) => ({ samples: await runBlocks(sides, size), opening }),
});

async function open(worker) {
  const address = parseAddress(worker === undefined ? server : `${server}?worker=${worker}`);
  const startedAt = performance.now();
  const connection = await sqlite.server(address).open(tenantName(1), { timeoutMs: 30_000 });
  opening[worker ?? 'here'] = performance.now() - startedAt;
  return () => connection.query(USERS);
}
