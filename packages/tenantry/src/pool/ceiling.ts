const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** What a ceiling needs of its pool. */
export interface CeilingHome {
  /** What tenants may hold of the budget. */
  readonly capacity: number;
  /** Milliseconds after the first refusal until the server is asked again. */
  readonly pauseMs?: number | undefined;
  /** Called when one more may be tried, or the server takes as many as the budget again. */
  changed(): void;
  /** Told of the first refusal, and of its end. */
  full(allowed: number, error: Error): void;
  freed(): void;
}

/**
 * How many connections the server takes from this process, where that is fewer than the budget: others have the
 * rest. A refusal is a smaller budget for now, and callers wait for their turn in it. It grows back by single
 * attempts, each of which is another caller's connection where the server takes it; between those that are refused
 * lies a pause that doubles.
 */
export class Ceiling {
  readonly #home: CeilingHome;
  #taken: number;
  #refusals = 0;
  #isTrying = false;
  /** Whether the pause is over. */
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  #lastError: Error | undefined;

  constructor(home: CeilingHome) {
    this.#home = home;
    this.#taken = home.capacity;
  }

  /** What the server is known to take. */
  get taken(): number {
    return this.#taken;
  }

  /** What may be held now, one that is tried included. */
  get allowed(): number {
    if (this.#lastError === undefined) return this.#home.capacity;
    return this.#isDue && !this.#isTrying ? this.#taken + 1 : this.#taken;
  }

  /** Why it is below the budget. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** A connection is opened, with which so many are held. */
  tries(held: number): void {
    if (held > this.#taken) this.#isTrying = true;
  }

  /** The server has taken it; whether another may be tried therefore. */
  takes(held: number): boolean {
    if (this.#lastError === undefined) return false;
    this.#isTrying = false;
    this.#refusals = 0;
    this.#isDue = true;
    this.#taken = Math.max(this.#taken, Math.min(held, this.#home.capacity));
    if (this.#taken < this.#home.capacity) return true;
    this.#lastError = undefined;
    this.end();
    this.#home.freed();
    return true;
  }

  /** The server has refused one beside the `held` others. */
  refuses(held: number, error: Error): void {
    const isFirst = this.#lastError === undefined;
    // Others that were refused at the same time teach nothing about how long it lasts.
    if (!this.#isTrying) this.#refusals = 0;
    this.#lastError = error;
    this.#isTrying = false;
    this.#taken = Math.max(0, Math.min(this.#taken, held));
    this.#pause();
    if (isFirst) this.#home.full(this.#taken, error);
  }

  /** It came to nothing, for another reason. */
  fails(): void {
    if (this.#isTrying) this.#pause();
    this.#isTrying = false;
  }

  /** Nobody is told any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pause(): void {
    const pause = Math.min(LONGEST_PAUSE_MS, (this.#home.pauseMs ?? FIRST_PAUSE_MS) * 2 ** this.#refusals++);
    this.end();
    this.#isDue = false;
    this.#timer = setTimeout(() => {
      this.#isDue = true;
      this.#home.changed();
    }, pause).unref();
  }
}
