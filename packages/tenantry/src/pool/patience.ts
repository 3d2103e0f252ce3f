import type { Waiter } from './waiter.js';

/** How many times as long as a connect. */
const CONNECTS = 2;
const MOST_MS = 50;
/** How much the newest connect counts in the mean. */
const NEWEST = 0.2;

/**
 * Waiters whose turn has come and for whom another tenant's connection would have to be closed, while their own
 * tenant uses some: one of those mostly comes back sooner than a new one is open. So they wait for it, for twice
 * as long as a connect takes on this server, and at most 50 ms. Where connecting takes less than half a
 * millisecond nobody does.
 */
export class Patience {
  readonly #timers = new Map<Waiter, NodeJS.Timeout>();
  #connectMs = 0;

  /** Milliseconds that it lasts. */
  get ms(): number {
    return Math.min(MOST_MS, Math.floor(CONNECTS * this.#connectMs));
  }

  /** A connect took so long. */
  learn(connectMs: number): void {
    this.#connectMs += (connectMs - this.#connectMs) * (this.#connectMs === 0 ? 1 : NEWEST);
  }

  /** How many of a tenant wait so. */
  waitingOf(key: string): number {
    let count = 0;
    for (const waiter of this.#timers.keys()) if (waiter.key === key) count++;
    return count;
  }

  /** Calls when it is over, unless {@link end} was called before. */
  begin(waiter: Waiter, onOver: () => void): void {
    const over = () => {
      this.#timers.delete(waiter);
      onOver();
    };
    this.#timers.set(waiter, setTimeout(over, this.ms));
  }

  /** Ends it; whether this one waited so. */
  end(waiter: Waiter): boolean {
    clearTimeout(this.#timers.get(waiter));
    return this.#timers.delete(waiter);
  }
}
