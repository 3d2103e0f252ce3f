import { performance } from 'node:perf_hooks';
import type { Holder } from '../../engine/connection.js';
import { NotSentError } from '../../engine/not-sent.js';

/** Milliseconds of the first pause between two tries, and of the longest. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

/** What is tried again, and until when. */
export interface Retry<T> {
  /** Tries once. An attempt that failed over a lock has changed nothing. */
  attempt(): T;
  /** Whether an error of `attempt` may be waited out. */
  isBusy(error: unknown): boolean;
  readonly timeoutMs: number;
  /** Asked before each further try: a wait may outlast what it was begun for. */
  readonly holder?: Holder | undefined;
}

/**
 * Waits for locks between tries, so that the event loop goes on: SQLite's own `busy_timeout` would
 * stop the whole process. One for each connection; it ends with it.
 */
export class BusyWait {
  readonly #endPauses = new Set<(error: Error) => void>();
  #tries = 0;

  /** Whether something waits for a lock now. */
  get waiting(): boolean {
    return this.#tries > 0;
  }

  /**
   * Goes on after a first try that failed over a lock. Rejects with the last error over a lock when
   * the time is up, with `NotSentError` when the connection ends, and with what the holder says: what
   * waited has not run.
   */
  async retry<T>(firstError: unknown, { attempt, isBusy, timeoutMs, holder }: Retry<T>): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    let lastError = firstError;
    this.#tries++;
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.6, LONGEST_PAUSE_MS)) {
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) throw lastError;
        await this.#pause(Math.min(leftMs, pauseMs * (0.5 + Math.random())));
        const confirming = holder?.confirm();
        if (confirming !== undefined) await confirming;
        try {
          return attempt();
        } catch (error) {
          if (!isBusy(error)) throw error;
          lastError = error;
        }
      }
    } finally {
      this.#tries--;
    }
  }

  /** Ends every wait. */
  end(): void {
    for (const endPause of this.#endPauses) {
      endPause(new NotSentError('The connection ended while a statement waited for a lock; it was not run.'));
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: Error) => {
        clearTimeout(timer);
        this.#endPauses.delete(end);
        reject(error);
      };
      const timer = setTimeout(() => {
        this.#endPauses.delete(end);
        resolve();
      }, milliseconds);
      this.#endPauses.add(end);
    });
  }
}
