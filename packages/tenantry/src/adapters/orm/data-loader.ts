/** What a batching loader of an ORM looks like from outside: requests of one tick are sent together. */
export interface DataLoader {
  readonly options: object;
  request(request: unknown): Promise<unknown>;
}

/** A loader's class. */
export type DataLoaderClass = new (options: object) => DataLoader;

/**
 * A loader for each tenant in the place of one for all.
 *
 * A loader sends what was asked in one tick together, in the async context of whoever asked first; over an
 * ambient pool all of it would go to that one's tenant. Requests of one tenant may still be sent together.
 */
export class LoaderPerTenant implements DataLoader {
  readonly options: object;
  readonly #whose: () => string;
  readonly #Loader: DataLoaderClass;
  /** Those that the present tick has used; a loader has nothing to remember between ticks. */
  readonly #ofTick = new Map<string, DataLoader>();

  /** `whose` says which tenant is in context, and throws where none is. */
  constructor(whose: () => string, Loader: DataLoaderClass, options: object) {
    this.#whose = whose;
    this.#Loader = Loader;
    this.options = options;
  }

  async request(request: unknown): Promise<unknown> {
    const tenant = this.#whose();
    let loader = this.#ofTick.get(tenant);
    if (loader === undefined) {
      if (this.#ofTick.size === 0) process.nextTick(() => this.#ofTick.clear());
      loader = new this.#Loader(this.options);
      this.#ofTick.set(tenant, loader);
    }
    return loader.request(request);
  }
}
