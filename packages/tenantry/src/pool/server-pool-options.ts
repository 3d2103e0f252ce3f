import type { Watchers } from '../observe/watchers.js';

/** Limits of a server pool, all in milliseconds but the counts. */
export interface ServerPoolOptions {
  /** The budget: connections held at once, those that are being opened or closed included. */
  readonly maxConnections: number;
  /** The most of them that one key may have in use at once, where its target names no other limit. */
  readonly maxPerKey: number;
  readonly maxWaiting: number;
  readonly acquireMs: number;
  readonly connectMs: number;
  readonly idleMs: number;
  /** How old a connection may become; a fifth of it is left to chance, so that not all end at once. */
  readonly lifetimeMs: number;
  /** Whether leases are ever cancelled; where that takes a connection, one of the budget is kept for it. */
  readonly cancels: boolean;
  /** Whether a connection may move to another key where the engine can do that. */
  readonly sharing: boolean;
  /** Milliseconds after a server's first refusal until it is asked again. Default 100. */
  readonly fullPauseMs?: number | undefined;
  /** Who is told what the pool does. Default: nobody but the process's channels. */
  readonly watchers?: Watchers | undefined;
  /** Milliseconds, never going back. Default: `performance.now()`. */
  readonly now?: (() => number) | undefined;
}
