import type { PooledConnection } from './lease.js';
import { UseFrequency } from './use-frequency.js';

/** Idle connections that are looked at when one must go. */
const CANDIDATES = 16;
/** Uses between two halvings of the counts that say whose connections are worth keeping. */
const FREQUENCY_SAMPLE = 10_000;

/**
 * The connections that wait for work: by whose they are, so that one is found at once, and in the
 * order in which they became idle, those of each sharing group apart.
 */
export class IdleConnections {
  readonly #byKey = new Map<string, PooledConnection[]>();
  /** Oldest first. Those that belong to their place for life are a group as well. */
  readonly #byAge = new Map<string | undefined, Set<PooledConnection>>();
  readonly #frequency = new UseFrequency(FREQUENCY_SAMPLE);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A connection of this key is used once more. */
  used(key: string): void {
    this.#frequency.add(key);
  }

  add(pooled: PooledConnection): void {
    const stack = this.#byKey.get(pooled.key);
    if (stack === undefined) this.#byKey.set(pooled.key, [pooled]);
    else stack.push(pooled);
    const group = this.#byAge.get(pooled.group);
    if (group === undefined) this.#byAge.set(pooled.group, new Set([pooled]));
    else group.add(pooled);
    this.#size++;
  }

  /** The most recently used one of a key, or undefined. It stays. */
  latestOf(key: string): PooledConnection | undefined {
    return this.#byKey.get(key)?.at(-1);
  }

  /** The one that has been idle longest, or undefined. It stays. */
  oldest(): PooledConnection | undefined {
    let oldest: PooledConnection | undefined;
    for (const group of this.#byAge.values()) {
      const first = group.values().next().value;
      if (first !== undefined && (oldest === undefined || first.idleSince < oldest.idleSince)) oldest = first;
    }
    return oldest;
  }

  /**
   * The one that will be missed least, of one sharing group or (without an argument) of all: of those that have been
   * idle longest, one whose tenant has more than it uses, else the one whose tenant is used least. It stays.
   */
  leastUseful(group?: string): PooledConnection | undefined {
    if (group !== undefined) return this.#leastUsefulIn(this.#byAge.get(group));
    // One group is the rule; where there are more, the one that has been idle longest loses one.
    const oldest = this.oldest();
    return oldest && this.#leastUsefulIn(this.#byAge.get(oldest.group));
  }

  *[Symbol.iterator](): Generator<PooledConnection> {
    for (const group of this.#byAge.values()) yield* group;
  }

  /** Removes one; whether it was there. */
  remove(pooled: PooledConnection): boolean {
    const group = this.#byAge.get(pooled.group);
    if (!group?.delete(pooled)) return false;
    if (group.size === 0 && this.#byAge.size > 1) this.#byAge.delete(pooled.group);
    this.#size--;
    const stack = this.#byKey.get(pooled.key);
    if (stack === undefined) return true;
    if (stack.at(-1) === pooled) stack.pop();
    else stack.splice(stack.indexOf(pooled), 1);
    if (stack.length === 0) this.#byKey.delete(pooled.key);
    return true;
  }

  /** Whether its tenant has others that are idle: they are used first, so nobody has needed this one for a while. */
  #isSpare({ key }: PooledConnection): boolean {
    return (this.#byKey.get(key)?.length ?? 0) > 1;
  }

  #leastUsefulIn(group: ReadonlySet<PooledConnection> | undefined): PooledConnection | undefined {
    let chosen: PooledConnection | undefined;
    let least = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const pooled of group ?? []) {
      const frequency = this.#isSpare(pooled) ? 0 : this.#frequency.of(pooled.key);
      if (frequency < least) {
        least = frequency;
        chosen = pooled;
      }
      if (++looked === CANDIDATES || least === 0) break;
    }
    return chosen;
  }
}
