import { EventEmitter } from 'node:events';
import { inThisContext } from '../../engine/in-this-context.js';
import type { Client } from './driver.js';

type Listener = (...args: unknown[]) => unknown;
type Event = string | symbol;

/** Methods of an emitter that add a listener: how, and whether it is called once only. */
const ADDING: ReadonlyMap<PropertyKey, readonly ['on' | 'prependListener', boolean]> = new Map([
  ['on', ['on', false]],
  ['addListener', ['on', false]],
  ['once', ['on', true]],
  ['prependListener', ['prependListener', false]],
  ['prependOnceListener', ['prependListener', true]],
]);
const OTHERS: ReadonlySet<PropertyKey> = new Set([
  'off',
  'removeListener',
  'removeAllListeners',
  'emit',
  'eventNames',
  'listeners',
  'rawListeners',
  'listenerCount',
  'getMaxListeners',
  'setMaxListeners',
]);

/** Whether a member is one of an emitter's methods. */
export function isEventMethod(key: PropertyKey): boolean {
  return ADDING.has(key) || OTHERS.has(key);
}

/**
 * The events of a client while it is lent. A borrower's listeners are called in the async context in which
 * they were added, with the stand-in as `this`; they see and remove no others, and end with the lease.
 */
export class LentEvents {
  readonly #client: Client;
  readonly #self: () => object;
  readonly #emitter = new EventEmitter();
  readonly #forwarded = new Map<Event, Listener>();

  /** `self` gives the stand-in. */
  constructor(client: Client, self: () => object) {
    this.#client = client;
    this.#self = self;
  }

  /** One of an emitter's methods ({@link isEventMethod}), for the stand-in. */
  method(key: PropertyKey): Listener {
    const emitter = this.#emitter;
    const adding = ADDING.get(key);
    const method = Reflect.get(emitter, adding?.[0] ?? key) as Listener;
    return (...args) => {
      if (adding === undefined) {
        const result = Reflect.apply(method, emitter, args);
        return result === emitter ? this.#self() : result;
      }
      const [event, listener] = args as [Event, Listener];
      Reflect.apply(method, emitter, [event, this.#bound(event, listener, adding[1])]);
      this.#forward(event);
      return this.#self();
    };
  }

  /** Ends them all. */
  end(): void {
    for (const [event, forward] of this.#forwarded) this.#client.removeListener(event as 'end', forward);
    this.#forwarded.clear();
    this.#emitter.removeAllListeners();
  }

  #forward(event: Event): void {
    if (this.#forwarded.has(event)) return;
    const forward = (...args: unknown[]) => {
      // Without a listener an error is not the borrower's to die of; the connection is closed anyway.
      if (this.#emitter.listenerCount(event) > 0) this.#emitter.emit(event, ...args);
    };
    this.#forwarded.set(event, forward);
    this.#client.on(event as 'end', forward);
  }

  #bound(event: Event, listener: Listener, isOnce: boolean): Listener {
    if (typeof listener !== 'function') return listener;
    const call = inThisContext((...args: unknown[]) => {
      if (isOnce) this.#emitter.removeListener(event, call);
      Reflect.apply(listener, this.#self(), args);
    }) as Listener;
    // By this an emitter knows a listener that was wrapped.
    return Object.assign(call, { listener });
  }
}
