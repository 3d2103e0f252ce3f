import { placeOf } from '../places.mjs';
import { now } from './journal.mjs';
import { Limits } from './limits.mjs';

/** @typedef {import('../contracts/notes.js').Binding} Binding */
/** @typedef {import('../../../packages/tenantry/src/index.js').Executor} Executor */
/** @typedef {import('../contracts/dialect.js').Mark} Mark */
/** @typedef {import('../../../packages/tenantry/src/index.js').Row} Row */
/** @typedef {import('../../../packages/tenantry/src/index.js').Session} Session */
/** @typedef {import('../contracts/dialect.js').Statement} Statement */
/** @typedef {import('./world.mjs').World} World */

/** One caller's use of one tenant: gives out requests, judges every reply, and takes down what came of it. */
export class Call {
  /** @type {Binding | undefined} */
  binding;
  /** Every request that it gave out. */
  /** @type {string[]} */
  requests = [];
  /** Since when its transactions and the clients that it was lent have been in its hands: they are not asked again whose they are. */
  /** @type {WeakMap<Executor, number>} */
  #held = new WeakMap();

  /**
   * @param {World} world
   * @param {{ operation: string, name: string }} what it does, and the tenant
   * @param {Limits} limits
   * @param {{ floor: number }} since what the process had confirmed when the call began
   */
  constructor(world, { operation, name }, limits, since) {
    this.world = world;
    this.name = name;
    this.limits = limits;
    this.floor = since.floor;
    this.dialect = world.dialect;
    this.wait = world.underWay.begin(`${operation} of ${name}${world.isFar(name) ? ', which is far' : ''}`);
  }

  /** A new session of the tenant. */
  session() {
    return this.world.tenancy.session(this.name);
  }

  /** A session that says what it is bound to, before it runs anything. */
  async boundSession() {
    const session = this.session();
    await this.bind(session);
    return session;
  }

  /** @param {Session} session */
  async bind(session) {
    this.wait.for('its tenant');
    const startedAt = now();
    const { id, epoch, placement } = await session.ready(this.limits.options);
    this.binding = { id, epoch, place: placeOf(placement) };
    const { name, binding, floor } = this;
    this.world.note({ id, name });
    this.world.journal.add({ kind: 'bound', name, binding, floor, startedAt, endedAt: now() });
  }

  /** @returns {Mark} */
  mark() {
    const request = this.world.nextRequest();
    this.requests.push(request);
    this.wait.for(request);
    return { name: this.name, epoch: this.binding?.epoch ?? '?', request };
  }

  /**
   * Runs a statement that says its request, and judges the reply.
   *
   * @param {Executor} executor
   * @param {Statement} statement
   * @returns {Promise<Row>}
   */
  async ask(executor, { sql, params, request, echo }) {
    const startedAt = this.#startOf(executor);
    const rows = await executor.query(sql, params, this.limits.options);
    const [row] = rows;
    if (rows.length !== 1 || row === undefined) {
      this.world.journal.find(`${this.name} asked ${request} for one row and got ${JSON.stringify(rows)}`);
      return {};
    }
    if (row.request !== echo) {
      this.world.journal.find(`${this.name} asked ${echo} and got the reply of ${String(row.request)}`);
    }
    const place = this.dialect.place(row.place);
    if (this.binding !== undefined && this.binding.place !== place) {
      this.world.journal.find(`${this.name} is at ${this.binding.place} and read ${place} (${request})`);
    }
    this.#answered({ startedAt, request, place, write: false });
    return row;
  }

  /**
   * Inserts a row.
   *
   * @param {Executor} executor
   * @param {string} request
   * @param {string} sql
   */
  async write(executor, request, sql) {
    const startedAt = this.#startOf(executor);
    const { affectedRows } = await executor.execute(sql, [], this.limits.options);
    if (affectedRows !== 1)
      this.world.journal.find(`${this.name} wrote one row (${request}) and heard ${affectedRows}`);
    if (this.binding !== undefined) {
      this.#answered({ startedAt, request, place: this.binding.place, write: true });
    }
  }

  /**
   * Says what must have become of rows.
   *
   * @param {readonly string[]} requests
   * @param {'there' | 'gone' | 'open'} outcome
   */
  wrote(requests, outcome) {
    this.world.journal.add({
      kind: 'batch',
      name: this.name,
      place: this.binding?.place,
      requests,
      outcome,
    });
  }

  /**
   * When a statement began that its promise counts from: a session asks for each one anew.
   *
   * @param {Executor} executor
   */
  #startOf(executor) {
    if ('ready' in executor) return now();
    const since = this.#held.get(executor) ?? now();
    this.#held.set(executor, since);
    return since;
  }

  /** @param {{ startedAt: number, request: string, place: string, write: boolean }} answer */
  #answered(answer) {
    const { name, binding, floor } = this;
    this.world.journal.add({ kind: 'answer', ...answer, name, binding, floor, endedAt: now() });
  }
}

/** What an operation may do to itself, and which errors it provokes. */
/**
 * @typedef {object} AttemptOptions
 * @property {Limits} [limits] default: drawn
 * @property {readonly string[]} [expects]
 * @property {number} [floor] what was confirmed when the session was made, where that was earlier
 */

/**
 * Calls on a tenant and takes down the error, if it comes to one.
 *
 * @param {World} world
 * @param {import('../random.mjs').Random} random
 * @param {{ operation: string, name: string }} what
 * @param {(call: Call) => Promise<void>} work
 * @param {AttemptOptions} [options]
 * @returns {Promise<string | undefined>} the error's code
 */
export async function attempt(world, random, { operation, name }, work, options = {}) {
  const limits = options.limits ?? Limits.draw(random);
  const { floor = world.floor, expects = [] } = options;
  const startedAt = now();
  const call = new Call(world, { operation, name }, limits, { floor });
  try {
    await work(call);
    return undefined;
  } catch (error) {
    const { code, errorKind, message } = describe(error);
    world.journal.add({
      ...{
        kind: 'failure',
        operation,
        name,
        requests: call.requests,
        process: world.process,
        far: world.isFar(name),
      },
      ...{ code, errorKind, message, fault: limits.fault, expects, startedAt, endedAt: now(), floor },
    });
    return code;
  } finally {
    world.underWay.end(call.wait);
    limits.end();
    if (limits.fault === 'abort') world.journal.totals.aborts++;
  }
}

/**
 * What an error says of itself.
 *
 * @param {unknown} error
 * @returns {{ code: string, errorKind: string | undefined, message: string }}
 */
export function describe(error) {
  if (!(error instanceof Error)) return { code: 'none', errorKind: undefined, message: String(error) };
  const { code, kind } = /** @type {Error & { code?: unknown, kind?: unknown }} */ (error);
  return {
    code: typeof code === 'string' ? code : error.name,
    errorKind: typeof kind === 'string' ? kind : undefined,
    message: error.message.slice(0, 300),
  };
}
