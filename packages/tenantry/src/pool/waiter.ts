import type { AcquireOptions } from '../engine/connection-source.js';
import type { Lease } from './lease.js';
import type { PoolTarget } from './target.js';
import type { Ticket } from './tenant-turns.js';

/** What a waiter's pool does for it. */
export interface WaiterHome {
  /** The error of a wait that took too long. */
  timeoutError(waiter: Waiter): Error;
  /** The error of a wait that its caller gave up. */
  abortError(waiter: Waiter): Error;
  /** It gives up; whether it still waited. */
  leave(waiter: Waiter): boolean;
  /** Its wait is over, with this error or with what it waited for. */
  waited(waiter: Waiter, error?: Error): void;
}

/** A caller that waits for a connection, or for a place in the budget. Settled exactly once. */
export class Waiter {
  /** Whose turn it takes. */
  readonly key: string;
  /** Whose it is, for messages. */
  readonly label: string;
  /** What the connection is for; undefined for a place without a connection of ours. */
  readonly target: PoolTarget | undefined;
  readonly waitMs: number;
  readonly since: number;
  /** Since when a place is taken for it; undefined while it queues. */
  servedAt: number | undefined;
  readonly promise: Promise<Lease | undefined>;
  /** Its place in the queue, while it has one. */
  ticket: Ticket<Waiter> | undefined;
  #resolve!: (lease: Lease | undefined) => void;
  #reject!: (error: Error) => void;
  readonly #home: WaiterHome;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  constructor(
    home: WaiterHome,
    target: PoolTarget | undefined,
    label: string,
    waitMs: number,
    since: number,
    { signal }: AcquireOptions,
  ) {
    this.#home = home;
    this.since = since;
    this.key = target?.key ?? label;
    this.label = label;
    this.target = target;
    this.waitMs = waitMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const giveUp = (error: Error) => {
      if (home.leave(this)) this.reject(error);
    };
    this.#onAbort = () => giveUp(home.abortError(this));
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => giveUp(home.timeoutError(this)), waitMs);
  }

  /** Gets what it waited for: a lease, or nothing where it asked for a place. */
  resolve(lease?: Lease): void {
    this.#stop();
    this.#home.waited(this);
    this.#resolve(lease);
  }

  reject(error: Error): void {
    this.#stop();
    this.#home.waited(this, error);
    this.#reject(error);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
