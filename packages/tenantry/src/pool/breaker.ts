/** Failures in a row after which a server counts as out of reach. */
const THRESHOLD = 3;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/**
 * Keeps callers from waiting for a server that does not answer. After three failures in a row it
 * opens: who needs a new connection is refused at once. After a pause, which doubles and is
 * jittered so that processes do not knock together, one attempt is let through as a probe.
 */
export class Breaker {
  #failures = 0;
  #closedUntil = 0;
  #probing = false;
  #lastError: Error | undefined;
  readonly #now: () => number;
  readonly #random: () => number;

  constructor(now: () => number, random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** An attempt is made; while the breaker is open it is the probe. To be called only where it does not refuse. */
  tries(): void {
    this.#probing = this.isOpen;
  }

  /** Whether an attempt would be refused now. */
  get refuses(): boolean {
    return this.isOpen && (this.#probing || this.#now() < this.#closedUntil);
  }

  get isOpen(): boolean {
    return this.#failures >= THRESHOLD;
  }

  /** What the last failure was. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probing = false;
    this.#lastError = undefined;
  }

  failed(error: Error): void {
    this.#failures++;
    this.#probing = false;
    this.#lastError = error;
    const doublings = Math.max(0, this.#failures - THRESHOLD);
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** doublings);
    this.#closedUntil = this.#now() + pause * (0.5 + this.#random());
  }
}
