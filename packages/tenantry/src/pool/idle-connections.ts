import type { PooledConnection } from './lease.js';
import { UseFrequency } from './use-frequency.js';

/** Idle connections that are looked at when one must go. */
const CANDIDATES = 16;
/** Uses between two halvings of the counts that say whose connections are worth keeping. */
const FREQUENCY_SAMPLE = 10_000;

/**
 * The connections that wait for work: by whose they are, so that one is found at once, and in the
 * order in which they became idle.
 */
export class IdleConnections {
  readonly #byKey = new Map<string, PooledConnection[]>();
  readonly #byAge = new Set<PooledConnection>();
  readonly #frequency = new UseFrequency(FREQUENCY_SAMPLE);

  get size(): number {
    return this.#byAge.size;
  }

  /** A connection of this key is used once more. */
  used(key: string): void {
    this.#frequency.add(key);
  }

  add(pooled: PooledConnection): void {
    const stack = this.#byKey.get(pooled.key);
    if (stack === undefined) this.#byKey.set(pooled.key, [pooled]);
    else stack.push(pooled);
    this.#byAge.add(pooled);
  }

  /** The most recently used one of a key, or undefined. It stays. */
  latestOf(key: string): PooledConnection | undefined {
    return this.#byKey.get(key)?.at(-1);
  }

  /** The one that has been idle longest, or undefined. It stays. */
  oldest(): PooledConnection | undefined {
    return this.#byAge.values().next().value;
  }

  /**
   * The one that will be missed least: of those that have been idle longest, the one whose tenant is
   * used least. It stays.
   */
  leastUseful(): PooledConnection | undefined {
    let chosen: PooledConnection | undefined;
    let least = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const pooled of this.#byAge) {
      const frequency = this.#frequency.of(pooled.key);
      if (frequency < least) {
        least = frequency;
        chosen = pooled;
      }
      if (++looked === CANDIDATES || least === 0) break;
    }
    return chosen;
  }

  /** Removes one; whether it was there. */
  remove(pooled: PooledConnection): boolean {
    if (!this.#byAge.delete(pooled)) return false;
    const stack = this.#byKey.get(pooled.key);
    if (stack === undefined) return true;
    if (stack.at(-1) === pooled) stack.pop();
    else stack.splice(stack.indexOf(pooled), 1);
    if (stack.length === 0) this.#byKey.delete(pooled.key);
    return true;
  }
}
