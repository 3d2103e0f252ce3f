import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';
import { attempt, describe } from './call.mjs';
import { Limits } from './limits.mjs';
import { anyRead } from './reads.mjs';

/** @typedef {import('../../../packages/tenantry/src/index.js').Executor} Executor */
/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./call.mjs').Call} Call */
/** @typedef {import('./world.mjs').World} World */

/** Thrown to have a transaction rolled back. */
class Rollback extends Error {}

/** After these a statement by itself may have run, or may not. */
const OPEN_STATEMENT = new Set(['TENANTRY_ABORTED', 'TENANTRY_TIMEOUT', 'TENANTRY_CONNECTION_LOST']);
const LONGEST_WRITE_MS = 60;

/**
 * A row, without a transaction.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function write(world, random) {
  const name = random.pick(world.names);
  await attempt(world, random, { operation: 'write', name }, async (call) => {
    const session = await call.boundSession();
    const mark = call.mark();
    const { request } = mark;
    const sql = random.chance(0.4)
      ? call.dialect.slowInsert(mark, request, random.integer(1, LONGEST_WRITE_MS))
      : call.dialect.insert(mark, request);
    try {
      await call.write(session, request, sql);
      call.wrote([request], 'there');
    } catch (error) {
      call.wrote([request], OPEN_STATEMENT.has(describe(error).code) ? 'open' : 'gone');
      throw error;
    }
  });
}

/**
 * Several rows in a transaction, which ends well or is rolled back; it sees its own rows and no others.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function transact(world, random) {
  const name = random.pick(world.names);
  const rollsBack = random.chance(0.4);
  await attempt(world, random, { operation: rollsBack ? 'rollback' : 'transaction', name }, async (call) => {
    const session = await call.boundSession();
    const batch = world.nextRequest();
    /** @type {string[]} */
    const requests = [];
    await settle(call, requests, async () => {
      await session.transaction(async (transaction) => {
        for (let count = random.integer(1, 3); count > 0; count--) {
          const mark = call.mark();
          requests.push(mark.request);
          await call.write(transaction, mark.request, call.dialect.insert(mark, batch));
          await pause(random);
        }
        const row = await call.ask(transaction, call.dialect.countBatch(call.mark(), batch));
        if (Number(row.entries) !== requests.length) {
          world.journal.find(`${name} wrote ${requests.length} rows and saw ${row.entries} (${batch})`);
        }
        if (rollsBack) throw new Rollback('on purpose');
      }, call.limits.options);
      if (rollsBack) world.journal.find(`${name} rolled ${batch} back and heard that it was committed`);
    });
  });
}

/**
 * Rows whose COMMIT is sent and never arrives: whoever asked for it must not hear that it is done.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function loseCommit(world, random) {
  const far = world.names.filter((name) => world.isFar(name));
  const { weather } = world;
  if (weather === undefined || far.length === 0) return transact(world, random);
  const name = random.pick(far);
  await attempt(
    world,
    random,
    { operation: 'lost commit', name },
    async (call) => {
      const session = await call.boundSession();
      const mark = call.mark();
      /** @type {Promise<void> | undefined} */
      let loss;
      await settle(call, [mark.request], () =>
        session.transaction(async (transaction) => {
          await call.write(transaction, mark.request, call.dialect.insert(mark, mark.request));
          loss = weather.swallow(random.integer(5, 20));
        }, call.limits.options),
      ).finally(() => loss);
    },
    { limits: new Limits() },
  );
}

/**
 * A transaction that does not wait for its statements; where the last one is refused, none of them may stay.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function transactUnawaited(world, random) {
  const name = random.pick(world.names);
  const fails = random.chance(0.5);
  const expects = fails ? ['TENANTRY_QUERY_FAILED'] : [];
  await attempt(
    world,
    random,
    { operation: fails ? 'unawaited refusal' : 'unawaited transaction', name },
    async (call) => {
      const session = await call.boundSession();
      const batch = world.nextRequest();
      /** @type {string[]} */
      const requests = [];
      await settle(call, requests, async () => {
        await session.transaction(async (transaction) => {
          for (let count = random.integer(1, 3); count > 0; count--) {
            const mark = call.mark();
            requests.push(mark.request);
            call.write(transaction, mark.request, call.dialect.insert(mark, batch)).catch(ignore);
          }
          if (fails) transaction.query(call.dialect.refused(call.mark())).catch(ignore);
        }, call.limits.options);
        if (fails) world.journal.find(`${name} committed ${batch} although a statement of it was refused`);
      });
    },
    { expects },
  );
}

/**
 * A handle that is kept, and used after its transaction: nobody may answer it.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function useEndedHandle(world, random) {
  const name = random.pick(world.names);
  /** @type {Executor | undefined} */
  let kept;
  /** @type {Call | undefined} */
  let keptCall;
  await attempt(world, random, { operation: 'kept handle', name }, async (call) => {
    keptCall = call;
    const session = await call.boundSession();
    const fails = random.chance(0.3);
    await session
      .transaction(
        async (transaction) => {
          kept = transaction;
          await call.ask(transaction, anyRead(call, random));
          if (fails) throw new Rollback('on purpose');
        },
        { ...call.limits.options, readOnly: random.chance(0.5) },
      )
      .catch(unlessRollback);
  });
  if (kept === undefined || keptCall === undefined) return;
  for (let uses = random.integer(1, 3); uses > 0; uses--) {
    await pause(random);
    const mark = keptCall.mark();
    world.journal.add({ kind: 'never', request: mark.request, why: 'its transaction had ended' });
    try {
      await kept.query(keptCall.dialect.read(mark).sql);
      world.journal.find(`${name} had an answer from a transaction that had ended (${mark.request})`);
    } catch (error) {
      const { code, message } = describe(error);
      if (code !== 'TENANTRY_LEASE_ENDED') {
        world.journal.add({ kind: 'surprise', text: `a handle used after its end: ${code}: ${message}` });
      }
    }
  }
}

/**
 * Takes down what must have become of a transaction's rows.
 *
 * @param {Call} call
 * @param {readonly string[]} requests
 * @param {() => Promise<void>} work
 */
async function settle(call, requests, work) {
  try {
    await work();
    call.wrote(requests, 'there');
  } catch (error) {
    call.wrote(requests, describe(error).code === 'TENANTRY_OUTCOME_UNKNOWN' ? 'open' : 'gone');
    unlessRollback(error);
  }
}

/** @param {unknown} error */
function unlessRollback(error) {
  if (!(error instanceof Rollback)) throw error;
}

function ignore() {}

/** @param {Random} random */
async function pause(random) {
  const draw = random.next();
  if (draw < 0.3) await tick();
  else if (draw < 0.6) await sleep(random.integer(0, 6));
}
