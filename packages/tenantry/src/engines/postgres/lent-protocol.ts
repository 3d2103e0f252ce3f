import { ListenerBaseline } from '../../engine/listener-baseline.js';
import { type Revocable, revocable } from '../../engine/revocable.js';
import { LeaseEndedError } from '../../errors.js';
import type { Client } from './driver.js';
import type { LentUse } from './lent-use.js';
import { type Submittable, Submitted } from './submitted.js';

type Listener = (...args: unknown[]) => unknown;

/**
 * The driver's protocol in a borrower's hands. What a borrower submits is given a connection that is
 * revoked with the lease, so that a cursor which was kept cannot write to whomever comes next.
 */
export class LentProtocol {
  readonly #client: Client;
  readonly #use: LentUse;
  #lent: { readonly connection: Revocable<object>; readonly stream: Revocable<object> } | undefined;
  #baseline: ListenerBaseline | undefined;
  /** By the borrower's own means, as far as the driver is not done with it. */
  #submitted: Submitted[] = [];
  /** Calls of the driver that are under way: of what it has begun it may see the end. */
  #driverCalls = 0;

  constructor(client: Client, use: LentUse) {
    this.#client = client;
    this.#use = use;
  }

  /** The driver's connection, behind the lease. */
  get connection(): object {
    this.#lent ??= this.#lend();
    return this.#lent.connection.standIn;
  }

  /** What the driver is given in place of something that was submitted. */
  carry(submittable: Submittable): Submittable {
    const { connection } = this.#client;
    const isQuery = isPlainQuery(this.#client, submittable);
    const passed = { real: connection, given: () => (isQuery ? connection : this.connection) };
    const submitted = new Submitted(submittable, passed, (call) => this.#enter(call));
    // A query that is under way hears of the end from the driver, a moment later.
    if (!isQuery) this.#submitted = [...this.#submitted.filter(({ isOver }) => !isOver), submitted];
    return submitted.standIn;
  }

  revoke(reason: Error = leaseEnded()): void {
    this.#lent?.connection.revoke(reason);
    this.#lent?.stream.revoke(reason);
    for (const submitted of this.#submitted) submitted.end(reason);
    // A stream that is being closed waits for the server's answer, which is not for it any more.
    const waiting = this.#baseline?.added('readyForQuery') ?? [];
    if (this.#baseline?.restore() === false) this.#use.spoil();
    for (const listener of waiting) process.nextTick(listener);
  }

  #enter(call: () => unknown): unknown {
    this.#driverCalls++;
    try {
      return call();
    } finally {
      this.#driverCalls--;
    }
  }

  #lend() {
    const { connection } = this.#client;
    this.#baseline = new ListenerBaseline(connection, connection.stream);
    const rules = { isExempt: () => this.#driverCalls > 0 };
    const stream = revocable<object>(connection.stream, {}, rules);
    const use = this.#use;
    const parse = connection.parse.bind(connection) as (statement: { readonly name?: string }) => void;
    const own = {
      once: (event: string, listener: Listener) => {
        if (event === 'readyForQuery') onceReadyOrOver(connection, listener);
        else connection.once(event as 'error', listener);
        return this.connection;
      },
      // Whoever writes to the socket itself is not counted: what is owed is not known then.
      get stream() {
        use.spoil();
        use.flush();
        return stream.standIn;
      },
      // A name that the driver does not know of.
      parse: (statement: { readonly name?: string }) => {
        if (statement.name) use.touch();
        parse(statement);
      },
    };
    return { stream, connection: revocable<object>(connection, own, rules) };
  }
}

/**
 * A cursor, and hence a stream, is closed when the server is ready. On a connection that was lost it never is, and
 * whoever reads would wait for ever to be told of the loss.
 */
function onceReadyOrOver(connection: Client['connection'], listener: Listener): void {
  const call: Listener = (...args) => {
    connection.off('readyForQuery', call);
    connection.off('end', call);
    return listener(...args);
  };
  if (connection.stream.closed) {
    setImmediate(call);
    return;
  }
  connection.once('readyForQuery', call);
  connection.once('end', call);
}

/** Whether it is the driver's own query and nothing more, which writes only what it is asked to. */
function isPlainQuery(client: Client, submitted: Submittable): boolean {
  const Query = Reflect.get(client.constructor, 'Query') as { readonly prototype: object };
  return Object.getPrototypeOf(submitted) === Query.prototype && !Object.hasOwn(submitted, 'submit');
}

function leaseEnded(): LeaseEndedError {
  return new LeaseEndedError('The client was given back before what it had been given was at its end.', {
    hint: 'Read a cursor or a stream to its end, or close it and wait for that, before you release the client.',
  });
}
