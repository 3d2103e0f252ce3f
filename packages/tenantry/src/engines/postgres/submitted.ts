import { AsyncResource } from 'node:async_hooks';

/** Something that speaks the protocol itself: a query, a cursor, a stream of rows, a copy. */
export interface Submittable {
  submit(connection: unknown): unknown;
  handleError?(error: unknown, connection: unknown): void;
}

type Method = (...args: unknown[]) => unknown;

/** With these the driver is done with it. */
const LAST: ReadonlySet<PropertyKey> = new Set(['handleReadyForQuery', 'handleError']);

/** Which connection the driver has, and which it is to pass on. */
export interface PassedConnection {
  readonly real: unknown;
  given(): unknown;
}

/**
 * Something that a borrower submitted, as the driver gets it: what the driver calls of it runs in the async
 * context in which it was submitted, with the connection that was meant for it.
 */
export class Submitted {
  readonly standIn: Submittable;
  readonly #connection: PassedConnection;
  readonly #scope = new AsyncResource('tenantry.statement');
  readonly #methods = new Map<PropertyKey, Method>();
  #isOver = false;

  /** `entering` runs each call of the driver. */
  constructor(
    submitted: Submittable,
    connection: PassedConnection,
    entering: (call: () => unknown) => unknown,
  ) {
    this.#connection = connection;
    this.standIn = new Proxy(submitted, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        // The driver asks whether there is a callback, and sets one; who calls it is the target.
        if (typeof value !== 'function' || key === 'callback') return value;
        return this.#method(key, (...args) =>
          entering(() => this.#scope.runInAsyncScope(value as Method, target, ...args)),
        );
      },
      set: (target, key, value) => Reflect.set(target, key, value, target),
    });
  }

  /** Whether the driver is done with it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tells it that it is over; the driver tells it nothing any more. Never throws. */
  end(error: Error): void {
    if (this.#isOver) return;
    try {
      this.standIn.handleError?.(error, this.#connection.real);
    } catch (thrown) {
      // As the driver itself calls it.
      process.nextTick(() => {
        throw thrown;
      });
    }
  }

  #method(key: PropertyKey, call: Method): Method {
    const known = this.#methods.get(key);
    if (known !== undefined) return known;
    const method: Method = (...args) => {
      if (LAST.has(key)) {
        if (this.#isOver) return undefined;
        this.#isOver = true;
      }
      const { real } = this.#connection;
      return call(...args.map((arg) => (arg === real ? this.#connection.given() : arg)));
    };
    this.#methods.set(key, method);
    return method;
  }
}
