import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { ListenerBaseline } from '../../engine/listener-baseline.js';
import { type Revocable, revocable } from '../../engine/revocable.js';
import type { Client } from './driver.js';
import type { LentUse } from './lent-use.js';

/** Something that speaks the protocol itself: a query, a cursor, a stream of rows, a copy. */
export interface Submittable {
  submit(connection: unknown): unknown;
}

type Method = (...args: unknown[]) => unknown;

/**
 * The driver's protocol in a borrower's hands. What a borrower submits is given a connection that is
 * revoked with the lease, so that a cursor which was kept cannot write to whomever comes next.
 */
export class LentProtocol {
  readonly #client: Client;
  readonly #use: LentUse;
  #lent: { readonly connection: Revocable<object>; readonly stream: Revocable<object> } | undefined;
  #baseline: ListenerBaseline | undefined;
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

  /**
   * What the driver is given in place of something that was submitted: it calls it in the submitter's
   * async context, and with the connection of the lease.
   */
  carry(submitted: Submittable): Submittable {
    const scope = new AsyncResource('tenantry.statement');
    const isQuery = isPlainQuery(this.#client, submitted);
    const given = isQuery ? this.#client.connection : this.connection;
    const methods = new Map<PropertyKey, Method>();
    return new Proxy(submitted, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function' || key === 'callback') return value;
        const known = methods.get(key);
        if (known !== undefined) return known;
        const method: Method = (...args) => {
          this.#driverCalls++;
          try {
            const passed = args.map((arg) => (arg === this.#client.connection ? given : arg));
            return scope.runInAsyncScope(value as Method, target, ...passed);
          } finally {
            this.#driverCalls--;
          }
        };
        methods.set(key, method);
        return method;
      },
      set: (target, key, value) => Reflect.set(target, key, value, target),
    });
  }

  revoke(): void {
    this.#lent?.connection.revoke();
    this.#lent?.stream.revoke();
    if (this.#baseline?.restore() === false) this.#use.spoil();
  }

  #lend() {
    const { connection } = this.#client;
    this.#baseline = new ListenerBaseline(connection, connection.stream);
    const rules = { isExempt: () => this.#driverCalls > 0 };
    const stream = revocable<object>(connection.stream, {}, rules);
    const use = this.#use;
    const parse = connection.parse.bind(connection) as (statement: { readonly name?: string }) => void;
    const own = {
      // Whoever writes to the socket itself is not counted: what is owed is not known then.
      get stream() {
        use.spoil();
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

/** Whether it is the driver's own query and nothing more, which writes only what it is asked to. */
function isPlainQuery(client: Client, submitted: Submittable): boolean {
  const Query = Reflect.get(client.constructor, 'Query') as { readonly prototype: EventEmitter };
  return Object.getPrototypeOf(submitted) === Query.prototype && !Object.hasOwn(submitted, 'submit');
}
