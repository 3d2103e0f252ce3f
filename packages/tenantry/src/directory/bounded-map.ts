/** A map of at most `max` keys: what was set longest ago goes first. */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>();
  readonly #max: number;
  readonly #onEvict: (value: V) => void;
  /**
   * Stands before the oldest key. Kept, because a new one would pass over all that was deleted, and made
   * when it is needed, because it keeps what a growing map leaves behind.
   */
  #oldest: Iterator<[K, V], undefined> | undefined;

  constructor(max: number, onEvict: (value: V) => void = () => {}) {
    this.#max = max;
    this.#onEvict = onEvict;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#max) return;
    this.#oldest ??= this.#map.entries();
    const oldest = this.#oldest.next().value;
    if (oldest === undefined) return;
    this.#map.delete(oldest[0]);
    this.#onEvict(oldest[1]);
  }

  delete(key: K): void {
    this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
    this.#oldest = undefined;
  }
}
