import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';
import { attempt } from './call.mjs';
import { Limits } from './limits.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./call.mjs').Call} Call */
/** @typedef {import('./world.mjs').World} World */

const LONGEST_QUERY_MS = 25;
/** About as long as a cancel is on its way. */
const JUST_BEFORE_MS = 4;

/**
 * A statement that reads, of some kind.
 *
 * @param {Call} call
 * @param {Random} random
 */
export function anyRead(call, random) {
  const mark = call.mark();
  const draw = random.next();
  if (draw < 0.45) return call.dialect.prepared(mark);
  return draw < 0.85 ? call.dialect.read(mark) : call.dialect.slow(mark, random.integer(1, LONGEST_QUERY_MS));
}

/**
 * A session that is made and used at once, as most requests do it.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readCold(world, random) {
  const name = random.pick(world.names);
  await attempt(world, random, { operation: 'read', name }, async (call) => {
    await call.ask(call.session(), anyRead(call, random));
  });
}

/**
 * Several statements of one session, at once or one after the other.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readBound(world, random) {
  const name = random.pick(world.names);
  await attempt(world, random, { operation: 'bound reads', name }, async (call) => {
    const session = await call.boundSession();
    const statements = Array.from({ length: random.integer(1, 3) }, () => anyRead(call, random));
    if (random.chance(0.5)) {
      for (const statement of statements) await call.ask(session, statement);
    } else {
      const asked = await Promise.allSettled(statements.map((statement) => call.ask(session, statement)));
      const failed = asked.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    if (call.binding !== undefined && random.chance(0.2)) {
      world.keep({ name, session, binding: call.binding, floor: call.floor });
    }
  });
}

/**
 * A session that was kept across requests: it serves what it was bound to, or nobody.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readKept(world, random) {
  if (world.kept.length === 0) return readBound(world, random);
  const { name, session, binding, floor } = random.pick(world.kept);
  // Success is judged by what is known now, failure by what has been since it was bound.
  await attempt(
    world,
    random,
    { operation: 'kept session', name },
    async (call) => {
      call.binding = binding;
      call.floor = world.floor;
      await call.ask(session, anyRead(call, random));
    },
    { floor },
  );
}

/**
 * The tenant in context, with others in theirs at the same time, and one inside the other.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readAmbient(world, random) {
  const name = random.pick(world.names);
  const { tenancy } = world;
  await attempt(world, random, { operation: 'ambient read', name }, (call) =>
    tenancy.run(name, async () => {
      await readInContext(call, random);
      if (random.chance(0.5)) {
        const other = random.pick(world.names);
        await attempt(
          world,
          random,
          { operation: 'nested read', name: other },
          (inner) => tenancy.run(other, () => readInContext(inner, random), { switch: true }),
          // Inside of its own tenant's run it is bound to what that was bound to.
          other === name ? { floor: call.floor } : {},
        );
      }
      await readInContext(call, random);
    }),
  );
}

/**
 * By the driver's own pool, of the tenant in context: statements that it sends itself, or on a client that it lends.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readByPool(world, random) {
  const { pool, tenancy } = world;
  if (!pool.waits) return readAmbient(world, random);
  const name = random.pick(world.names);
  // Its calls take no signal and no time.
  const limits = new Limits();
  await attempt(
    world,
    random,
    { operation: 'read by a pool', name },
    (call) =>
      tenancy.run(name, async () => {
        for (let count = random.integer(1, 3); count > 0; count--) {
          await call.ask(pool.any(random, name), anyRead(call, random));
          await pause(random);
        }
      }),
    { limits },
  );
}

/**
 * A session of whoever is in context by now.
 *
 * @param {Call} call
 * @param {Random} random
 */
async function readInContext(call, random) {
  await pause(random);
  const session = call.world.tenancy.session();
  await call.bind(session);
  await call.ask(session, anyRead(call, random));
}

/**
 * Many at once, more than there are connections: they queue, and connections change hands.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readBurst(world, random) {
  const names = Array.from({ length: random.integer(6, 16) }, () => random.pick(world.names));
  await Promise.all(
    names.map((name) =>
      attempt(
        world,
        random,
        { operation: 'burst', name },
        async (call) => {
          await call.ask(call.session(), call.dialect.prepared(call.mark()));
        },
        { limits: new Limits() },
      ),
    ),
  );
}

/**
 * Slow statements of several tenants, or of one, at the same time, some of which are given up, perhaps just before
 * their end: no cancel may hit another one's, nor the next on its connection.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function readBesideAborts(world, random) {
  const only = random.chance(0.5) ? [random.pick(world.names)] : world.names;
  const names = Array.from({ length: random.integer(3, 8) }, () => random.pick(only));
  await Promise.all(
    names.map((name, index) => {
      const milliseconds = random.integer(5, LONGEST_QUERY_MS);
      return attempt(
        world,
        random,
        { operation: 'slow read beside aborts', name },
        async (call) => {
          await call.ask(call.session(), call.dialect.slow(call.mark(), milliseconds));
        },
        { limits: index % 3 === 0 ? abortNear(milliseconds, random) : new Limits() },
      );
    }),
  );
}

/**
 * @param {number} milliseconds that the statement takes
 * @param {Random} random
 */
function abortNear(milliseconds, random) {
  return random.chance(0.5)
    ? Limits.abort(random)
    : Limits.abortAfter(milliseconds + random.integer(-JUST_BEFORE_MS, 1));
}

/** @param {Random} random */
async function pause(random) {
  await (random.chance(0.5) ? tick() : sleep(random.integer(0, 4)));
}
