// The heap that cached routes take: every tenant of the catalog is looked up once, and nothing else is kept.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { tenantName } from '../load/sequence.mjs';

const BATCH = 500;

const { catalog, server, tenants } = readConfig();

answerParent({
  /** Bytes per route, over the tenants of one half: what the code itself takes is there by then. */
  async measure() {
    const tenancy = await createTenancy({ catalog, servers: { main: server }, cache: { pollMs: 5000 } });
    const half = Math.floor(tenants / 2);
    await lookUp(tenancy, 1, half);
    const before = heap();
    await lookUp(tenancy, half + 1, tenants);
    const bytes = (heap() - before) / (tenants - half);
    await tenancy.close();
    return bytes;
  },
});

async function lookUp(tenancy, from, to) {
  for (let first = from; first <= to; first += BATCH) {
    const count = Math.min(BATCH, to - first + 1);
    await Promise.all(
      Array.from({ length: count }, (_, index) => tenancy.session(tenantName(first + index)).ready()),
    );
  }
}

function heap() {
  for (let time = 0; time < 3; time++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
