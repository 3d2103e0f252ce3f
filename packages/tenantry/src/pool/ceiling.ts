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

/** One connection that is being opened. */
interface Attempt {
  /** Whether it is one more than the server was known to take. */
  readonly isProbe: boolean;
  /** Whether an idle connection was closed for it. */
  readonly isReplacement: boolean;
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
  #isProbing = false;
  /** Whether the pause is over. */
  #isDue = false;
  #isResting = false;
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

  /** How many of the budget the server does not take. */
  get missing(): number {
    return this.#home.capacity - this.#taken;
  }

  /** What may be held now, a probe included. */
  get allowed(): number {
    if (this.#lastError === undefined) return this.#home.capacity;
    return this.#isDue && !this.#isProbing ? this.#taken + 1 : this.#taken;
  }

  /** Whether not even the place of a connection that was closed for it could be had, so that no other is closed before the pause is over. */
  get isResting(): boolean {
    return this.#isResting;
  }

  /** Why it is below the budget. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** A connection is opened, with which so many are held; what it comes to is told by one of the next three. */
  tries(held: number, isReplacement: boolean): Attempt {
    const isProbe = held > this.#taken;
    if (isProbe) this.#isProbing = true;
    return { isProbe, isReplacement };
  }

  /** The server has taken it; whether another may be tried therefore. */
  takes({ isProbe }: Attempt): boolean {
    if (!isProbe || this.#lastError === undefined) return false;
    this.#isProbing = false;
    this.#refusals = 0;
    this.#isDue = true;
    this.#taken = Math.min(this.#taken + 1, this.#home.capacity);
    if (this.#taken === this.#home.capacity) this.#free();
    return true;
  }

  /** The server has refused one beside the `held` others. */
  refuses({ isProbe, isReplacement }: Attempt, held: number, error: Error): void {
    const isFirst = this.#lastError === undefined;
    // Others that were refused at the same time teach nothing about how long it lasts.
    if (!isProbe && !isReplacement) this.#refusals = 0;
    this.#lastError = error;
    if (isProbe) this.#isProbing = false;
    this.#isResting ||= isReplacement;
    this.#taken = Math.max(0, Math.min(this.#taken, held));
    this.#pause();
    if (isFirst) this.#home.full(this.#taken, error);
  }

  /** It came to nothing, for another reason. */
  fails({ isProbe }: Attempt): void {
    if (!isProbe) return;
    this.#isProbing = false;
    if (this.#lastError !== undefined) this.#pause();
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
      this.#isResting = false;
      this.#home.changed();
    }, pause).unref();
  }

  #free(): void {
    this.#lastError = undefined;
    this.#isResting = false;
    this.end();
    this.#home.freed();
  }
}
