import { attempt } from './call.mjs';
import { Limits } from './limits.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./world.mjs').World} World */

/**
 * Plain SQL that leaves something behind in its connection.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function leaveBehind(world, random) {
  const name = random.pick(world.names);
  const leaving = leaveIn(world, random, name);
  // The next to use the connection is most likely somebody of the same tenant, who waits for it or comes at once.
  if (random.chance(0.5)) await leaving;
  const looks = Array.from({ length: random.integer(0, 2) }, () => lookInto(world, random, name));
  await Promise.all([leaving, ...looks]);
}

/**
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 */
async function leaveIn(world, random, name) {
  const { what, sql, inTransaction, expects } = random.pick(world.dialect.leftovers);
  await attempt(
    world,
    random,
    { operation: `leaving ${what}`, name },
    async (call) => {
      const session = await call.boundSession();
      const text = sql(call.mark());
      const { options } = call.limits;
      const { pool, tenancy } = world;
      if (inTransaction && random.chance(0.4)) {
        await session.transaction((transaction) => transaction.query(text, [], options), options);
      } else if (pool !== undefined && random.chance(0.3)) {
        await tenancy.run(name, () => pool.plain(random, name).query(text));
      } else await session.query(text, [], options);
    },
    { expects },
  );
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
    const wrong = world.dialect.judgeProbe(row, call.binding?.place ?? '');
    if (wrong !== undefined) world.journal.find(`${name} ${wrong} (epoch ${mark.epoch}, ${mark.request})`);
  });
}

/**
 * Uses what nobody has made for this caller.
 *
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 * @param {import('../contracts.js').Trap} trap
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
