import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, describe } from './call.mjs';
import { Limits } from './limits.mjs';

/** @typedef {import('../../../packages/tenantry/src/index.js').Executor} Executor */
/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./call.mjs').Call} Call */
/** @typedef {import('./world.mjs').World} World */

/** After these nobody knows whether the server has ended the transaction. */
const LOST = new Set(['TENANTRY_CONNECTION_LOST', 'TENANTRY_OUTCOME_UNKNOWN', 'TENANTRY_LEASE_ENDED']);
/** What a transaction may say that the server has ended. */
const ENDED = [
  'TENANTRY_TRANSACTION_ENDED',
  'TENANTRY_QUERY_FAILED',
  'TENANTRY_LEASE_ENDED',
  'TENANTRY_OUTCOME_UNKNOWN',
];
/** How long two transactions that shall block each other wait for one another. */
const MEETING_MS = 200;

/** What became of a transaction that did not end as its function did. */
class Ending {
  /** Rows that were written before, and after. */
  /** @type {string[]} */
  before = [];
  /** @type {string[]} */
  after = [];
  /** Whether the server is known to have ended it. */
  isOver = false;
  /** Whether nobody can say. */
  isUnknown = false;
  /** Rows after what was to end it, but was refused: it goes on as any other. */
  /** @type {string[]} */
  more = [];

  /** @param {Call} call */
  constructor(call) {
    this.call = call;
  }

  /**
   * @param {Executor} transaction
   * @param {string[]} rows `before` or `after`
   */
  async write(transaction, rows) {
    const mark = this.call.mark();
    rows.push(mark.request);
    await this.call.write(transaction, mark.request, this.call.dialect.insert(mark, mark.request));
  }

  /**
   * What comes after the end stays nowhere, whether or not its caller looks at errors.
   *
   * @param {Executor} transaction
   * @param {Random} random
   */
  async goOn(transaction, random) {
    for (let count = random.integer(1, 3); count > 0; count--) {
      await this.write(transaction, this.after).then(
        () => this.more.push(this.after.at(-1) ?? ''),
        (error) => this.hear(error),
      );
    }
  }

  /** It was committed after all, for the server had refused to end it. */
  settleWhole() {
    const { call, before, after, more } = this;
    call.wrote([...before, ...more], 'there');
    const refused = after.filter((request) => !more.includes(request));
    if (refused.length > 0) call.wrote(refused, 'gone');
  }

  /** @param {unknown} error */
  hear(error) {
    if (LOST.has(describe(error).code)) this.isUnknown = true;
  }

  /** @param {'there' | 'gone'} first what becomes of the rows before, where the server has ended it */
  settle(first) {
    const { call, before, after, isOver, isUnknown } = this;
    call.wrote(after, 'gone');
    if (isOver) call.wrote(before, first);
    else call.wrote(before, isUnknown && first === 'there' ? 'open' : 'gone');
  }
}

/**
 * A transaction that a statement of its own ends at the server, and that goes on all the same.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function endInside(world, random) {
  const name = random.pick(world.names);
  const { what, sql, first } = random.pick(world.dialect.endings);
  const limits = new Limits();
  await attempt(
    world,
    random,
    { operation: `going on after ${what}`, name },
    async (call) => {
      const session = await call.boundSession();
      const ending = new Ending(call);
      let isCommitted = false;
      try {
        await session.transaction(async (transaction) => {
          await ending.write(transaction, ending.before);
          await transaction.query(sql(call.mark())).then(
            () => {
              ending.isOver = true;
            },
            (error) => {
              ending.hear(error);
              // SQLite rolls back, and says so by an error.
              ending.isOver = first === 'gone' && describe(error).code === 'TENANTRY_QUERY_FAILED';
            },
          );
          await ending.goOn(transaction, random);
        });
        isCommitted = true;
        if (ending.isOver)
          world.journal.find(`${name} committed a transaction that ${what} had ended (${ending.before})`);
      } finally {
        if (isCommitted && !ending.isOver) ending.settleWhole();
        else ending.settle(first);
      }
    },
    { limits, expects: ENDED },
  );
}

/**
 * Two transactions that wait for each other's rows: the server ends one of them, which goes on all the same.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function deadlock(world, random) {
  const { lockRow } = world.dialect;
  if (lockRow === undefined) return endInside(world, random);
  const name = random.pick(world.names);
  /** @type {(() => void)[]} */
  const arrivals = [];
  const meetings = [0, 1].map(
    (index) =>
      new Promise((resolve) => {
        arrivals[index] = () => resolve(undefined);
      }),
  );
  const side = async (/** @type {0 | 1} */ own) => {
    const limits = new Limits();
    await attempt(
      world,
      random,
      { operation: 'a deadlock', name },
      async (call) => {
        const session = await call.boundSession();
        const ending = new Ending(call);
        try {
          await session.transaction(async (transaction) => {
            await ending.write(transaction, ending.before);
            await transaction.query(lockRow(call.mark(), own));
            arrivals[own]?.();
            await Promise.race([meetings[1 - own], sleep(MEETING_MS)]);
            try {
              await transaction.query(lockRow(call.mark(), 1 - own));
            } catch (error) {
              ending.hear(error);
              const { errorKind } = describe(error);
              if (errorKind !== 'deadlock') throw error;
              ending.isOver = true;
              await ending.goOn(transaction, random);
            }
          });
          if (ending.isOver)
            world.journal.find(`${name} committed what was ended by a deadlock (${ending.before})`);
          call.wrote(ending.before, ending.isOver ? 'gone' : 'there');
        } catch (error) {
          call.wrote(
            ending.before,
            describe(error).code === 'TENANTRY_OUTCOME_UNKNOWN' && !ending.isOver ? 'open' : 'gone',
          );
          throw error;
        } finally {
          call.wrote(ending.after, 'gone');
        }
      },
      { limits, expects: ENDED },
    );
  };
  await Promise.all([side(0), side(1)]);
}
