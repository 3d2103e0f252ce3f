// Run by ending.test.ts: uses a tenancy in one way, ends it or not, and says what is left that would keep this process.
// Whether it really ends is for the test to see: nothing here ends it.
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenancy } from 'tenantry';

const { way, catalog, server, tenant } = JSON.parse(process.argv[2] ?? '{}');
// They are there when they are first asked for, which a driver may do.
void [process.stdout, process.stderr];
const before = process.getActiveResourcesInfo();

/** @type {Record<string, () => Promise<void>>} */
const ways = {
  async close() {
    const tenancy = await inUse();
    await tenancy.close();
  },
  async destroy() {
    const tenancy = await inUse();
    await tenancy.destroy();
  },
  async 'destroy, with all under way'() {
    const tenancy = await inUse();
    const session = tenancy.session(tenant);
    const calls = [
      session.query('SELECT 1'),
      session.transaction(() => new Promise(() => {})),
      tenancy.central.query('SELECT 1'),
      tenancy.tenants.list(),
      tenancy.health(),
      tenancy.warmUp([tenant]),
    ];
    const ended = Promise.allSettled(calls);
    await tenancy.destroy();
    await ended;
  },
  async 'close, twice and after a beat of the process'() {
    const tenancy = await inUse();
    // Its first beat comes after half a second.
    await sleep(1000);
    await Promise.all([tenancy.close(), tenancy.close()]);
    await tenancy.destroy();
  },
  async 'close with a client that nobody gives back'() {
    const tenancy = await inUse();
    await tenancy
      .clients(tenant)
      .acquire()
      .catch(() => {});
    await tenancy.close({ timeoutMs: 100 });
  },
  async 'several tenancies'() {
    const tenancies = await Promise.all([inUse(), inUse(), inUse()]);
    await Promise.all(tenancies.map((tenancy) => tenancy.destroy()));
  },
  async 'a start that failed'() {
    await refused(createTenancy({ catalog: unreachable(catalog), servers: { main: server } }));
    await refused(createTenancy({ catalog: missing(catalog), servers: { main: server } }));
  },
  async 'options that were refused'() {
    await refused(createTenancy({ catalog, servers: { main: server }, timeouts: { queryMs: -1 } }));
    await refused(createTenancy({ catalog, servers: { main: 'nothing://' } }));
  },
  async 'no close'() {
    await inUse();
  },
  async 'nothing but its end'() {
    const tenancy = await inUse();
    console.log((await leftOver()).length > 0 ? 'kept' : 'not kept');
    await tenancy.close();
  },
};

await ways[way]?.();
console.log(JSON.stringify(await leftOver()));

async function inUse() {
  const tenancy = await createTenancy({ catalog, servers: { main: server } });
  const session = tenancy.session(tenant);
  await session.query('SELECT 1');
  await session.transaction((tx) => tx.query('SELECT 1'));
  await tenancy.central.query('SELECT 1');
  await tenancy.health();
  return tenancy;
}

/** @param {Promise<unknown>} work */
async function refused(work) {
  await work.then(
    () => Promise.reject(new Error('It was not refused.')),
    () => {},
  );
}

/** @param {string} url */
function unreachable(url) {
  if (url.startsWith('sqlite:')) return 'sqlite:/dev/null/nowhere?database=x';
  return `${url.split(':')[0]}://root@127.0.0.1:9/x`;
}

/** @param {string} url */
function missing(url) {
  return url.replace('General', 'Missing');
}

/** What keeps the event loop now and did not at the beginning. */
async function leftOver() {
  // What was closed a moment ago is let go by the event loop.
  for (let round = 0; round < 20; round++) await new Promise(setImmediate);
  const known = [...before];
  return process.getActiveResourcesInfo().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0 && name !== 'Immediate';
  });
}
