import { numberOf } from '../dialects/marks.mjs';
import { attempt } from './call.mjs';
import { Limits } from './limits.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./world.mjs').World} World */

/** What a pool says that does not wait: neither for a place, nor for a file that another process is opening or closing. */
const AT_ONCE = [
  ...['TENANTRY_QUERY_FAILED', 'TENANTRY_POOL_TIMEOUT', 'TENANTRY_ROUTE_UNKNOWN'],
  'TENANTRY_SERVER_UNAVAILABLE (lock-timeout)',
];

/**
 * Plain SQL that leaves something behind in its connection.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function leaveBehind(world, random) {
  const name = random.pick(world.names);
  const leaving = leaveIn(world, random, name);
  if (random.chance(0.5)) await leaving;
  // The next to use the connection is most likely somebody of the same tenant, who waits for it or comes at once; or
  // whoever it is moved to, where it can be moved.
  const looks = Array.from({ length: random.integer(1, 4) }, () =>
    lookInto(world, random, random.chance(0.6) ? name : random.pick(world.names)),
  );
  await Promise.all([leaving, ...looks]);
}

/**
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 */
async function leaveIn(world, random, name) {
  const leftover = random.weighted(world.dialect.leftovers);
  if (leftover.opens && (!world.pool.waits || random.chance(0.5)))
    return beginAlone(world, random, name, leftover);
  const { what, sql, inTransaction, opens, expects } = leftover;
  await attempt(
    world,
    random,
    { operation: `leaving ${what}`, name },
    async (call) => {
      const session = await call.boundSession();
      const text = sql(call.mark(), random);
      const { options } = call.limits;
      const { pool, tenancy } = world;
      if (opens || typeof text !== 'string') {
        const texts = typeof text === 'string' ? [text] : text;
        await tenancy.run(name, () => pool.lend(random, name, (client) => inTurn(client, texts)));
      } else if (inTransaction && random.chance(0.4)) {
        await session.transaction((transaction) => transaction.query(text, [], options), options);
      } else if ((pool.waits || inTransaction) && random.chance(pool.waits ? 0.3 : 0.6)) {
        await tenancy.run(name, () => pool.plain(random, name).query(text));
      } else await session.query(text, [], options);
    },
    { expects: world.pool.waits ? expects : [...expects, ...AT_ONCE] },
  );
}

/**
 * A transaction that nobody could go on with: the next call may have another connection. So it must be refused.
 *
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 * @param {import('../contracts/dialect.js').Leftover} leftover
 */
async function beginAlone(world, random, name, { what, sql, expects }) {
  const refusals = [...expects, 'TENANTRY_NOT_SUPPORTED'];
  await attempt(
    world,
    random,
    { operation: `beginning ${what}`, name },
    async (call) => {
      const session = await call.boundSession();
      const mark = call.mark();
      const text = String(sql(mark, random));
      const { options } = call.limits;
      const { pool, tenancy } = world;
      if (pool.waits && random.chance(0.4)) {
        await tenancy.run(name, () => pool.call(random, name).query(text));
      } else if (random.chance(0.5)) await session.execute(text, [], options);
      else await session.query(text, [], options);
      world.journal.find(`${name} began ${what} by a call of its own, and was not refused (${mark.request})`);
    },
    { expects: world.pool.waits ? refusals : [...refusals, ...AT_ONCE] },
  );
}

/**
 * @param {import('../../../packages/tenantry/src/index.js').Executor} client
 * @param {readonly string[]} texts
 */
async function inTurn(client, texts) {
  for (const text of texts) await client.query(text);
}

/**
 * Looks for what others left behind.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function lookForLeftovers(world, random) {
  await lookInto(world, random, random.pick(world.names));
}

/**
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 */
async function lookInto(world, random, name) {
  const { traps } = world.dialect;
  if (traps.length > 0 && random.chance(0.4)) return await spring(world, random, name, random.pick(traps));
  await attempt(world, random, { operation: 'probe', name }, async (call) => {
    const session = await call.boundSession();
    const mark = call.mark();
    const row = await call.ask(session, world.dialect.probe(mark));
    const { dice } = world;
    const place = call.binding?.place ?? '';
    const wrong = world.dialect.judgeProbe(row, { place, number: numberOf(name), dice });
    if (wrong !== undefined) world.journal.find(`${name} ${wrong} (epoch ${mark.epoch}, ${mark.request})`);
  });
}

/**
 * Uses what nobody has made for this caller.
 *
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 * @param {import('../contracts/dialect.js').Trap} trap
 */
async function spring(world, random, name, { what, sql }) {
  const expects = ['TENANTRY_QUERY_FAILED'];
  const work = async (/** @type {import('./call.mjs').Call} */ call) => {
    const session = await call.boundSession();
    const mark = call.mark();
    const rows = await session.query(sql(mark), [], call.limits.options);
    world.journal.find(`${name} could use ${what} of another one: ${JSON.stringify(rows)} (${mark.request})`);
  };
  await attempt(world, random, { operation: `using ${what}`, name }, work, { expects });
}

/**
 * Names that are nobody's, or almost somebody's, and tenants whose database is another's.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function askForNobody(world, random) {
  const isImpostor = random.chance(0.3);
  const name = isImpostor ? random.pick(world.impostors) : strangeName(random.pick(world.names), random);
  const expects = [isImpostor ? 'TENANTRY_IDENTITY_MISMATCH' : 'TENANTRY_UNKNOWN_TENANT'];
  const work = async (/** @type {import('./call.mjs').Call} */ call) => {
    const rows = await call.session().query(call.dialect.read({ ...call.mark(), name: 'nobody' }).sql);
    world.journal.find(`${JSON.stringify(name)} is nobody's and was answered ${JSON.stringify(rows)}`);
  };
  await attempt(world, random, { operation: 'a name of nobody', name }, work, {
    limits: new Limits(),
    expects,
  });
}

/**
 * A tenant by what was written down of it: its id and its name, which may be another one's by now.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function askByReference(world, random) {
  const references = world.references.filter((each) => each !== undefined);
  // Mostly one that is over: there are few of them.
  const old = references.filter(({ id, name }) => world.prey(name).state.id !== id);
  const from = old.length > 0 && random.chance(0.7) ? old : references;
  if (from.length === 0) return askForNobody(world, random);
  const reference = random.pick(from);
  const { id, name } = reference;
  const isOver = old.includes(reference);
  await attempt(
    world,
    random,
    { operation: 'a reference', name },
    async (call) => {
      const session = world.tenancy.session(random.chance(0.5) ? { id, name } : { id });
      await call.bind(session);
      if (call.binding?.id !== id) {
        world.journal.find(`${name} with the id ${id} is ${call.binding?.id} now, and was answered`);
      }
      await call.ask(session, call.dialect.read(call.mark()));
    },
    { expects: isOver ? ['TENANTRY_UNKNOWN_TENANT'] : [] },
  );
}

/**
 * A suspended tenant whose database became somebody else's meanwhile.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function resumeHostage(world, random) {
  const name = random.pick(world.hostages);
  const work = async () => {
    await world.tenancy.tenants.resume(name);
    world.journal.find(`${name} was resumed on a database that is not its own`);
  };
  const expects = ['TENANTRY_IDENTITY_MISMATCH', 'TENANTRY_DATABASE_MISSING', 'TENANTRY_TENANT_BUSY'];
  await attempt(world, random, { operation: 'resuming a hostage', name }, work, {
    limits: new Limits(),
    expects,
  });
}

/**
 * @param {string} name
 * @param {Random} random
 */
function strangeName(name, random) {
  const upper = name.toUpperCase();
  return random.pick([
    upper === name ? name.toLowerCase() : upper,
    `${name}x`,
    `${name}?database=other`,
    `../${name}`,
    `${name}\0`,
    `${name} `,
    name.replace(/[a-z]/, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
  ]);
}
