/**
 * How often each key was used lately: counts that are halved from time to time, so that yesterday's
 * favourites do not keep today's out. Bounded: what was used once, long ago, is forgotten.
 */
export class UseFrequency {
  readonly #counts = new Map<string, number>();
  readonly #sample: number;
  #total = 0;

  /** `sample` uses lie between two halvings; at most as many keys are remembered. */
  constructor(sample: number) {
    this.#sample = sample;
  }

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (++this.#total >= this.#sample) this.#halve();
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #halve(): void {
    this.#total = 0;
    for (const [key, count] of this.#counts) {
      const half = count >> 1;
      this.#total += half;
      if (half === 0) this.#counts.delete(key);
      else this.#counts.set(key, half);
    }
  }
}
