import { performance } from 'node:perf_hooks';

/** How far the two clocks may drift apart before it counts as a jump, in milliseconds. */
const DRIFT_MS = 100;
/** A timer may be late by as much as its interval, within these bounds. */
const LEAST_LATE_MS = 100;
const MOST_LATE_MS = 1000;

/**
 * A silence that is shorter, or in which this process was at work itself, is held against nobody who cannot wait for
 * the catalog.
 */
const FROZEN_MS = 4000;

/** A process's clocks, in milliseconds. */
export interface Clocks {
  /** Never goes back, and on many systems stands still while the machine sleeps. */
  monotonic(): number;
  /** Goes on while the machine sleeps, and goes where it is set. */
  wall(): number;
  /** Of the processor, used by this process. */
  cpu(): number;
}

const systemClocks: Clocks = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** What {@link Freshness} judges by. */
export interface FreshnessOptions {
  readonly pollMs: number;
  readonly serveForMs: number;
  /** Default: the system's. */
  readonly clocks?: Clocks | undefined;
}

/**
 * Whether what is cached may be served without asking the catalog.
 *
 * A question that failed is an outage: known routes are served for `serveForMs`. One that was not asked
 * in time is a freeze, of the process or of the machine under it: nobody knows what was missed
 * meanwhile, so what is cached holds again when a question that was asked after it has been settled.
 */
export class Freshness {
  readonly #clocks: Clocks;
  readonly #serveForMs: number;
  /** The longest that a process which runs is silent. */
  readonly #silenceMs: number;
  /** Wall clock less monotonic clock. */
  #difference: number;
  /** Time that only the wall clock has counted. */
  #sleptMs = 0;
  /** When this process last gave a sign of life. */
  #beatAt: number;
  /** When the last freeze was noticed. */
  #thawedAt = Number.NEGATIVE_INFINITY;
  /** Whether no question that was asked since then has been settled. */
  #isDoubted = false;
  /** Whether that silence was surely no work of this process's own. */
  #wasFrozen = false;
  #cpuAt: number;
  #confirmedAt = Number.NEGATIVE_INFINITY;

  constructor({ pollMs, serveForMs, clocks = systemClocks }: FreshnessOptions) {
    this.#clocks = clocks;
    this.#serveForMs = serveForMs;
    this.#silenceMs = pollMs + Math.min(MOST_LATE_MS, Math.max(LEAST_LATE_MS, pollMs));
    this.#difference = clocks.wall() - clocks.monotonic();
    this.#beatAt = clocks.monotonic();
    this.#cpuAt = clocks.cpu();
  }

  /** Milliseconds that never go back, by whichever clock has counted more. */
  now(): number {
    const monotonic = this.#clocks.monotonic();
    const step = this.#clocks.wall() - monotonic - this.#difference;
    if (step > DRIFT_MS || step < -DRIFT_MS) this.#jump(step, monotonic);
    return monotonic + this.#sleptMs;
  }

  /** Milliseconds since the catalog last confirmed what is cached. */
  get confirmedMsAgo(): number {
    return this.now() - this.#confirmedAt;
  }

  /** Whether the catalog was heard of lately enough. */
  isInReach(now: number): boolean {
    return now - this.#confirmedAt < this.#serveForMs;
  }

  /**
   * Whether what is cached holds as far as the poll can tell. For a caller who cannot wait (`canWait` false), what a
   * process has missed while it was at work itself is as good as an outage.
   */
  holds(now: number, canWait: boolean): boolean {
    this.#notice(now);
    return !(canWait ? this.#isDoubted : this.#wasFrozen) && this.isInReach(now);
  }

  /** To be called at each interval of the poll. */
  beat(): void {
    const now = this.now();
    this.#notice(now);
    this.#beatAt = now;
    this.#cpuAt = this.#clocks.cpu();
  }

  /** Whether what was asked then may have been answered before a freeze. */
  isOutdated(askedAt: number): boolean {
    this.#notice(this.now());
    return askedAt < this.#thawedAt;
  }

  /** The catalog has confirmed what is cached, as of when it was asked. */
  confirm(askedAt: number): void {
    this.#confirmedAt = askedAt;
    this.settle(askedAt);
  }

  /** The catalog is another one: nothing is confirmed. */
  refute(): void {
    this.#confirmedAt = Number.NEGATIVE_INFINITY;
  }

  /** A question has come to an end, be it without an answer. */
  settle(askedAt: number): void {
    this.#notice(this.now());
    if (askedAt < this.#thawedAt) return;
    this.#isDoubted = false;
    this.#wasFrozen = false;
  }

  #notice(now: number): void {
    const silentMs = now - this.#beatAt;
    if (silentMs < this.#silenceMs) return;
    const cpu = this.#clocks.cpu();
    this.#thaw(now, silentMs >= FROZEN_MS && cpu - this.#cpuAt < silentMs / 2);
    this.#beatAt = now;
    this.#cpuAt = cpu;
  }

  #thaw(now: number, wasFrozen: boolean): void {
    this.#thawedAt = now;
    this.#isDoubted = true;
    this.#wasFrozen ||= wasFrozen;
  }

  #jump(step: number, monotonic: number): void {
    this.#difference += step;
    if (step > 0) this.#sleptMs += step;
    // How much time has passed is unknown then.
    else this.#thaw(monotonic + this.#sleptMs, true);
  }
}
