// The client's CPU for a full change of tenant: one connection that goes from tenant to tenant, against one that
// stays. CPU and not time, because the server works on the change as well.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { tenantName } from '../load/sequence.mjs';

const TENANTS = 200;

const { catalog, server } = readConfig();
const switching = await open();
const staying = await open();
const stayingAgain = await open();
for (let number = 1; number <= TENANTS; number++) await switching.session(tenantName(number)).ready();

const stay = tenantName(TENANTS + 1);
const sides = {
  switching: (index) => switching.session(tenantName(1 + (index % TENANTS))).query(USERS),
  staying: () => staying.session(stay).query(USERS),
  again: () => stayingAgain.session(stay).query(USERS),
};

answerParent({ measure });

/** Microseconds of CPU per statement, round by round. The clock is coarse, so a round takes a while. */
async function measure({ rounds, seconds }) {
  const samples = { switching: [], staying: [], again: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const before = process.cpuUsage();
      const endsAt = performance.now() + seconds * 1000;
      let count = 0;
      while (performance.now() < endsAt) await side(count++);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) samples[name].push((user + system) / count);
    }
  }
  return samples;
}

function open() {
  return createTenancy({
    catalog,
    servers: { main: { url: server, maxConnections: 1 } },
    cache: { pollMs: 5000 },
  });
}
