import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Client } from './driver.js';

type Listener = (...args: unknown[]) => void;
type Event = string | symbol;

/** Methods of an emitter that add a listener, with whether it is called once only. */
const ADDING = [
  ['on', 'on', false],
  ['addListener', 'on', false],
  ['once', 'on', true],
  ['prependListener', 'prependListener', false],
  ['prependOnceListener', 'prependListener', true],
] as const;
const OTHERS = [
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
] as const;

/**
 * The events of a client while it is lent. A borrower's listeners are called in the async context in which
 * they were added, with the stand-in as `this`; they see and remove no others, and end with the lease.
 */
export class LentEvents {
  readonly #client: Client;
  readonly #emitter = new EventEmitter();
  readonly #forwarded = new Map<Event, Listener>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The methods of an emitter for the stand-in that `self` gives. */
  members(self: () => object): Record<string, Listener> {
    const emitter = this.#emitter;
    const members: Record<string, Listener> = {};
    for (const [name, add, isOnce] of ADDING) {
      members[name] = (...[event, listener]) => {
        emitter[add](event as Event, this.#bound(event as Event, listener as Listener, self, isOnce));
        this.#forward(event as Event);
        return self();
      };
    }
    for (const name of OTHERS) {
      const method = emitter[name] as (...args: unknown[]) => unknown;
      members[name] = (...args) => {
        const result = method.apply(emitter, args);
        return result === emitter ? self() : result;
      };
    }
    return members;
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

  #bound(event: Event, listener: Listener, self: () => object, isOnce: boolean): Listener {
    if (typeof listener !== 'function') return listener;
    const call = AsyncResource.bind((...args: unknown[]) => {
      if (isOnce) this.#emitter.removeListener(event, call);
      Reflect.apply(listener, self(), args);
    }) as Listener;
    // By this an emitter knows a listener that was wrapped.
    return Object.assign(call, { listener });
  }
}
