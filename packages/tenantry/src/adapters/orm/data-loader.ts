import type { Tenancy } from '../../tenancy.js';

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
  readonly #tenancy: Tenancy;
  readonly #Loader: DataLoaderClass;
  /** Those that the present tick has used; a loader has nothing to remember between ticks. */
  readonly #ofTick = new Map<string, DataLoader>();

  constructor(tenancy: Tenancy, Loader: DataLoaderClass, options: object) {
    this.#tenancy = tenancy;
    this.#Loader = Loader;
    this.options = options;
  }

  /** @throws NoTenantError before anything is sent, where no tenant is in context. */
  async request(request: unknown): Promise<unknown> {
    const { tenant } = this.#tenancy.session();
    let loader = this.#ofTick.get(tenant);
    if (loader === undefined) {
      if (this.#ofTick.size === 0) process.nextTick(() => this.#ofTick.clear());
      loader = new this.#Loader(this.options);
      this.#ofTick.set(tenant, loader);
    }
    return loader.request(request);
  }
}
