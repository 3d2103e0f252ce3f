import { performance } from 'node:perf_hooks';
import type { Activity } from '../engine/connection.js';

/** Deadlines of lent connections may be late by two of these. */
const TICK_MS = 100;
/** More than this between two looks is the machine's fault, and not the statement's. */
const LONGEST_STEP_MS = 2 * TICK_MS;

/** Which end a lent connection has come to. */
export type LentEnd = 'statement' | 'transaction' | 'aborted';

/** What holds for a connection while it is lent. */
export interface LentLimits {
  /** Milliseconds for each statement. */
  readonly queryMs: number;
  /** Milliseconds for each transaction, the time in which its borrower does something else included. */
  readonly transactionMs: number;
  /** Ends the use. */
  readonly signal?: AbortSignal | undefined;
  /** Told which of them was reached, once; the lease is to be ended then. */
  onReached(end: LentEnd): void;
}

/** A connection, as far as it is looked at here. */
interface Lendable {
  readonly lent?: LentUse | undefined;
}

/**
 * Keeps the limits of connections that are lent, by looking at all of them from time to time: one timer for a
 * pool, and nothing to be done for a statement.
 */
export class LentWatch {
  readonly #inUse: Iterable<Lendable>;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  /** Time in which this process ran. */
  #ms = 0;

  constructor(inUse: Iterable<Lendable>) {
    this.#inUse = inUse;
  }

  /** To be called when a connection is lent. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => this.#look(), TICK_MS).unref();
  }

  #look(): void {
    const now = performance.now();
    this.#ms += Math.min(now - this.#lookedAt, LONGEST_STEP_MS);
    this.#lookedAt = now;
    let isNeeded = false;
    for (const { lent } of this.#inUse) {
      if (lent === undefined) continue;
      isNeeded = true;
      lent.look(this.#ms);
    }
    if (isNeeded) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** One connection that is lent, as it was at the last look. */
export class LentUse {
  readonly #activity: Activity | undefined;
  readonly #limits: LentLimits;
  #answers = -1;
  #busySince: number | undefined;
  #rests = -1;
  #openSince: number | undefined;

  constructor(activity: Activity | undefined, limits: LentLimits) {
    this.#activity = activity;
    this.#limits = limits;
  }

  look(ms: number): void {
    const { queryMs, transactionMs, signal } = this.#limits;
    if (signal?.aborted) this.#limits.onReached('aborted');
    else if (this.#activity !== undefined) {
      if (this.#busyMs(this.#activity, ms) >= queryMs) this.#limits.onReached('statement');
      else if (this.#openMs(this.#activity, ms) >= transactionMs) this.#limits.onReached('transaction');
    }
  }

  /** How long the statement has been under way that is now. */
  #busyMs({ isBusy, answers }: Activity, ms: number): number {
    if (!isBusy) this.#busySince = undefined;
    else if (this.#busySince === undefined || answers !== this.#answers) this.#busySince = ms;
    this.#answers = answers;
    return ms - (this.#busySince ?? ms);
  }

  /** How long the transaction has been open that is now. */
  #openMs({ isInTransaction, rests }: Activity, ms: number): number {
    if (!isInTransaction) this.#openSince = undefined;
    else if (this.#openSince === undefined || rests !== this.#rests) this.#openSince = ms;
    this.#rests = rests;
    return ms - (this.#openSince ?? ms);
  }
}
