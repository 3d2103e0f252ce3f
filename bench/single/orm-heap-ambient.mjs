// The heap of one ORM instance that serves every tenant, and of the tenancy under it, which knows all of them. Code
// that runs for the first time meanwhile is counted as well.

import { pgPool } from '../../packages/tenantry/dist/adapters/postgres/index.js';
import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { heldBytes } from '../lib/heap.mjs';
import { USERS } from '../lib/statements.mjs';
import { tenantName } from '../load/sequence.mjs';

const CONNECTIONS = 4;

const { orm, catalog, server, isolation, tenants, steps } = readConfig();
const { open, openAmbient = (tenancy) => open('postgres', pgPool(tenancy)) } = await import(
  `../orms/${orm}.mjs`
);

answerParent({
  /** Bytes beyond what the imports hold: when every tenant has been served by a session, and after so many were by the instance. */
  async measure() {
    const before = await heldBytes();
    const held = async () => (await heldBytes()) - before;
    const servers = { main: { url: server, isolation, maxConnections: CONNECTIONS } };
    const tenancy = await createTenancy({ catalog, servers });
    await eachTenant(tenants, (name) => tenancy.session(name).query(USERS));
    const tenancyAlone = await held();
    const instance = await openAmbient(tenancy);
    const serve = async (/** @type {string} */ name) => {
      const [user] = await tenancy.run(name, () => instance.users());
      if (user.username !== `first of ${name}`) throw new Error(`${name} was given ${user.username}`);
    };
    const served = [];
    for (const step of steps) {
      await eachTenant(step, serve);
      served.push(await held());
    }
    return { tenancyAlone, served };
  },
});

async function eachTenant(count, work) {
  let next = 1;
  const worker = async () => {
    while (next <= count) await work(tenantName(next++));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}
