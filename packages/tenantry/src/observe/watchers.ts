import { type Channel, channel } from 'node:diagnostics_channel';
import { InvalidInputError } from '../errors.js';
import { callOutside } from '../input/outside-contexts.js';
import { quoteForMessage } from '../tenant/name.js';
import { EVENT_NAMES, type EventListener, type EventName, type TenancyEvents } from './events.js';

type AnyListener = (event: never) => void;

/** The process's channels, shared by all tenancies: `tenantry:connection.opened` and so on. */
const channels = new Map<EventName, Channel>(EVENT_NAMES.map((name) => [name, channel(`tenantry:${name}`)]));

/**
 * Who is told what happens. Free where nobody listens: {@link hears} is asked before an event is made.
 *
 * Listeners are called in a microtask of their own, after what happened is complete: they may use the
 * tenancy. No tenant is in context: what happened to one may have been caused by another's request. Nothing is kept for one that is slow, because nothing waits for it.
 */
export class Watchers {
  readonly #listeners = new Map<EventName, ReadonlySet<AnyListener>>();

  /** Whether anybody listens, here or on the process's channel. */
  hears(name: EventName): boolean {
    return this.#listeners.has(name) || channels.get(name)?.hasSubscribers === true;
  }

  /**
   * Calls `listener` for each event of this name, until the returned function is called.
   *
   * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for a name that no event has.
   */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    if (!channels.has(name)) {
      throw new InvalidInputError(`There is no event ${quoteForMessage(name)}.`, {
        hint: `There are: ${EVENT_NAMES.join(', ')}.`,
      });
    }
    // A function of its own, so that one that is added twice is called twice, and taken off once.
    const own: EventListener<Name> = (event) => listener(event);
    this.#listeners.set(name, new Set([...(this.#listeners.get(name) ?? []), own]));
    return () => this.#off(name, own);
  }

  /** Tells an event to whoever listens now. Never throws. */
  tell<Name extends EventName>(name: Name, event: TenancyEvents[Name]): void {
    const listeners = this.#listeners.get(name) as ReadonlySet<EventListener<Name>> | undefined;
    queueMicrotask(() => {
      callOutside(() => {
        for (const listener of listeners ?? []) callSafely(listener, event, name);
        channels.get(name)?.publish(event);
      });
    });
  }

  #off(name: EventName, listener: AnyListener): void {
    const left = new Set(this.#listeners.get(name));
    left.delete(listener);
    if (left.size === 0) this.#listeners.delete(name);
    else this.#listeners.set(name, left);
  }
}

/** A listener is somebody else's code; asynchronous ones reject instead of throwing. */
function callSafely<Event>(listener: (event: Event) => unknown, event: Event, name: string): void {
  const warn = (error: unknown) => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`A listener of ${name} failed: ${reason}`, { code: 'TENANTRY_LISTENER_FAILED' });
  };
  try {
    const result = listener(event);
    if (result instanceof Promise) result.catch(warn);
  } catch (error) {
    warn(error);
  }
}
