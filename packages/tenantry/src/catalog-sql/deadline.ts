/** Who may end an operation, and when it ends by itself. */
export interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why a {@link Deadline} fired. */
export type DeadlineReason = 'timeout' | 'aborted';

/** One signal made of a time limit and a caller's signal. Whoever makes it ends it. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal | undefined;
  #reason: DeadlineReason | undefined;
  readonly #onAbort = (): void => this.#fire(isTimeout(this.#outer?.reason) ? 'timeout' : 'aborted');

  constructor({ timeoutMs, signal }: Limits) {
    this.#outer = signal;
    this.#timer = setTimeout(() => this.#fire('timeout'), timeoutMs);
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Undefined until it has fired. A caller's `AbortSignal.timeout` counts as a timeout. */
  get reason(): DeadlineReason | undefined {
    return this.#reason;
  }

  /** What `work` comes to, or a rejection when the deadline fires first; `work` must end by itself then. */
  async race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    let onFire: () => void = () => {};
    const fired = new Promise<never>((_, reject) => {
      onFire = () => reject(signal.reason);
      if (signal.aborted) onFire();
      else signal.addEventListener('abort', onFire, { once: true });
    });
    try {
      return await Promise.race([work, fired]);
    } finally {
      signal.removeEventListener('abort', onFire);
    }
  }

  /** Stops the clock. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #fire(reason: DeadlineReason): void {
    this.#reason ??= reason;
    this.#controller.abort();
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}
