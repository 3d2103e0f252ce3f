// A process that polls a catalog as every process of an application does (Directory.catchUp is what the poll
// calls), and says what that cost it.

import { createSqlCatalog } from '../../packages/tenantry/dist/catalog-sql/sql-catalog.js';
import { Directory } from '../../packages/tenantry/dist/directory/directory.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { openServerPool } from '../lib/server-pool.mjs';

const { engine, catalog: url } = readConfig();
const database = 'General';
const { server, pool, target } = await openServerPool({ engine, url, database, maxConnections: 2 });
const catalog = createSqlCatalog({ server, database, connections: pool.source(target) });
const directory = new Directory(catalog, {
  ttlMs: 300_000,
  absenceTtlMs: 5000,
  maxRoutes: 1000,
  maxAbsences: 1000,
  pollMs: 250,
  serveForMs: 60_000,
  catalogMs: 2000,
});
await directory.catchUp();

answerParent({ poll });

/** Polls, each so long after the one before; 0 is as fast as it goes. Microseconds of this process's CPU. */
async function poll({ count, everyMs }) {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) {
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
    await directory.catchUp();
  }
  const { user, system } = process.cpuUsage(before);
  return { cpu: user + system, elapsedMs: performance.now() - startedAt };
}
