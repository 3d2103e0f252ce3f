import type { Catalog } from '../catalog/catalog.js';
import type { Directory } from './directory.js';

/**
 * Keeps a directory up to date: asks the catalog at a fixed interval, which bounds staleness even
 * if every message is lost, and at once when the catalog says that something changed.
 */
export class Poll {
  readonly #directory: Directory;
  readonly #catalog: Catalog;
  readonly #pollMs: number;
  #interval: NodeJS.Timeout | undefined;
  #watch: { close(): Promise<void> } | undefined;
  #watching: Promise<void> = Promise.resolve();
  #stopped = false;
  /** A change was announced while the catalog was being asked; the answer may be from before it. */
  #again = false;
  #asking: Promise<void> | undefined;

  constructor(directory: Directory, catalog: Catalog, pollMs: number) {
    this.#directory = directory;
    this.#catalog = catalog;
    this.#pollMs = pollMs;
  }

  start(): void {
    this.#interval = setInterval(() => {
      this.#directory.beat();
      if (this.#asking === undefined) this.#ask();
    }, this.#pollMs).unref();
    this.#subscribe();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#interval);
    await this.#watching;
    await this.#watch?.close();
    await this.#asking;
  }

  #ask(): void {
    if (this.#asking !== undefined) {
      this.#again = true;
      return;
    }
    this.#asking = this.#askOnce().finally(() => {
      this.#asking = undefined;
      if (this.#again && !this.#stopped) {
        this.#again = false;
        this.#ask();
      }
    });
  }

  /** Never rejects: while the catalog is out of reach, freshness runs out by itself. */
  async #askOnce(): Promise<void> {
    try {
      await this.#directory.catchUp();
    } catch {
      // The next question comes soon; `health()` tells since when there was no answer.
    }
  }

  #subscribe(): void {
    if (this.#stopped || this.#catalog.watch === undefined) return;
    const subscribed = this.#catalog.watch({
      onChange: () => this.#ask(),
      onLost: () => {
        this.#watch = undefined;
        this.#resubscribe();
      },
    });
    this.#watching = subscribed.then(
      (watch) => {
        this.#watch = watch;
        // What was announced before we listened.
        if (!this.#stopped) this.#ask();
      },
      () => this.#resubscribe(),
    );
  }

  #resubscribe(): void {
    if (this.#stopped) return;
    // Spread out, so that a catalog that comes back is not met by everybody at once.
    setTimeout(() => this.#subscribe(), 1000 + Math.random() * 1000).unref();
  }
}
