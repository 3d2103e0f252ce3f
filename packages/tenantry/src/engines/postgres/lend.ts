import { inThisContext } from '../../engine/in-this-context.js';
import type { LentClient } from '../../engine/lent-client.js';
import { type Revocable, type RevocableRules, revocable } from '../../engine/revocable.js';
import { InvalidParameterError } from '../../errors.js';
import type { Client } from './driver.js';
import { isEventMethod, LentEvents } from './lent-events.js';
import { LentProtocol } from './lent-protocol.js';
import type { LentUse } from './lent-use.js';
import { assertQuery, ownQuery } from './parameters.js';
import type { Submittable } from './submitted.js';

type Callback = (error: unknown, result?: unknown) => void;
type Query = (...args: unknown[]) => unknown;

/** Members of a client that a borrower may use as they are. All others are the driver's inner life. */
const HARMLESS: ReadonlySet<PropertyKey> = new Set([
  'constructor',
  'getTransactionStatus',
  'getTypeParser',
  'escapeIdentifier',
  'escapeLiteral',
  'user',
  'database',
  'host',
  'port',
  'binary',
  'pipeline',
  'connectionParameters',
  // What every object has.
  'toString',
  'toLocaleString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
]);

/** The driver's own means to sign in, and what it has agreed on with the server. */
const SHOWN_TO_NOBODY = Object.freeze({ password: undefined, ssl: undefined, saslSession: undefined });

/**
 * Lends a client: everything works as on the client itself until the loan is revoked. Statements are
 * judged where the connection sends them. What changes the client beyond its session (`setTypeParser`,
 * `connection`, `end`, a key with which a late cancel could be sent, private members) closes the
 * connection when it comes back; so does to ask for its `processID`, by which somebody could cancel later what
 * another borrower runs.
 */
export function lendClient(client: Client, use: LentUse): LentClient {
  return new Loan(client, use);
}

/** Sends statements for a pool that shows the client to nobody. */
export class PgSender {
  readonly #client: Client;
  readonly #use: LentUse;

  constructor(client: Client, use: LentUse) {
    this.#client = client;
    this.#use = use;
  }

  /** As pg's own `query`, of anything but what has a `submit`. Calls back when the connection can be given back, in whatever async context. */
  query(config: unknown, values: unknown, callback: Callback): void {
    const [own, list] = ownQuery(config, values);
    const called = answered(callback, this.#use);
    (this.#client.query as Query).call(this.#client, own, list, called);
  }
}

/** What few borrowers use is made when it is used. */
class Loan implements LentClient, RevocableRules {
  readonly #real: Client;
  readonly #use: LentUse;
  readonly #lent: Revocable<object>;
  #events: LentEvents | undefined;
  #protocol: LentProtocol | undefined;
  #isAborted = false;
  readonly revoke = (reason?: Error): void => {
    this.#isAborted ||= reason !== undefined;
    this.#lent.revoke(reason);
    this.#protocol?.revoke(reason);
    this.#events?.end();
    this.#use.ended();
  };

  constructor(client: Client, use: LentUse) {
    this.#real = client;
    this.#use = use;
    this.#lent = revocable<object>(client, SHOWN_TO_NOBODY, this);
  }

  get client(): object {
    return this.#lent.standIn;
  }

  replace(key: PropertyKey): unknown {
    if (key === 'query') return (...args: unknown[]) => this.#query(args);
    if (key === 'connectionParameters') return addressOf(this.#real);
    if (key === 'connection') {
      this.#use.spoil();
      return this.#ownProtocol().connection;
    }
    if (!isEventMethod(key)) return undefined;
    this.#events ??= new LentEvents(this.#real, () => this.client);
    return this.#events.method(key);
  }

  /** Whoever was not done still gives it back. */
  isExempt(key: PropertyKey): boolean {
    return this.#isAborted && key === 'release';
  }

  onReach(key: PropertyKey): void {
    if (typeof key === 'string' && !HARMLESS.has(key)) this.#use.spoil();
  }

  #query([config, values, callback]: unknown[]): unknown {
    if (!isSubmittable(config)) return runStatement(this.#real, this.#use, config, values, callback);
    assertQuery(config, undefined);
    assertFirstUse(config);
    (this.#real.query as Query).call(this.#real, this.#ownProtocol().carry(config), values, callback);
    return config;
  }

  #ownProtocol(): LentProtocol {
    this.#protocol ??= new LentProtocol(this.#real, this.#use);
    return this.#protocol;
  }
}

/** What a client shows of its address: right, and without what signs in. */
function addressOf({ host, port, user, database }: Client): object {
  return Object.freeze({ host, port, user, database });
}

function runStatement(client: Client, use: LentUse, given: unknown, beside: unknown, callback: unknown) {
  const send = client.query as Query;
  const { config = given, values = beside, trouble } = checked(given, beside);
  const own = callback ? callback : typeof values === 'function' ? values : callbackOf(config);
  if (typeof own === 'function') {
    if (trouble !== undefined) return process.nextTick(inThisContext(own as Callback), trouble);
    const called = answered(inThisContext(own as Callback), use);
    return send.call(client, config, typeof values === 'function' ? undefined : values, called);
  }
  if (trouble !== undefined) return Promise.reject(trouble);
  const result = send.call(client, config, values, callback) as Promise<unknown>;
  return result.catch(async (error: unknown) => {
    await use.untilAnswered(error);
    throw error;
  });
}

function checked(given: unknown, beside: unknown): { config?: unknown; values?: unknown; trouble?: Error } {
  try {
    const [config, values] = ownQuery(given, beside);
    return { config, values };
  } catch (error) {
    return { trouble: error as Error };
  }
}

/** A callback that is called when the client can be given back. */
function answered(callback: Callback, use: LentUse): Callback {
  return (error, result) => {
    const answer = error ? use.untilAnswered(error) : undefined;
    if (answer === undefined) callback(error, result);
    // Not in a promise, which would swallow what the callback throws.
    else void answer.then(() => process.nextTick(callback, error, result));
  };
}

function callbackOf(config: unknown): unknown {
  return typeof config === 'object' && config !== null ? Reflect.get(config, 'callback') : undefined;
}

/** What was submitted: its rows stay in it. */
const used = new WeakSet<Submittable>();

/** @throws InvalidParameterError for a query, cursor or stream that has run: it would give its rows to whoever runs it again. */
function assertFirstUse(submittable: Submittable): void {
  if (used.has(submittable)) {
    throw new InvalidParameterError(
      'The query, cursor or stream has been run already, and has the rows of that.',
      {
        hint: 'Make another one for each time.',
      },
    );
  }
  used.add(submittable);
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof config === 'object' && config !== null && typeof Reflect.get(config, 'submit') === 'function';
}
