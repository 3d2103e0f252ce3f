import type { Tenancy } from '../../tenancy.js';
import { Origin } from './origin.js';

/** What a Knex client makes builders by, and runs them by; a transaction's client has its own. */
export interface KnexBuilders {
  queryBuilder(...given: unknown[]): object;
  schemaBuilder(...given: unknown[]): object;
  raw(...given: unknown[]): object;
  runner(builder: object): object;
}

/**
 * Makes a Knex client refuse (`TENANTRY_TENANT_SWITCH`) to run, in the context of one tenant, a builder that was made in
 * another's: a builder sends nothing before it is awaited. One that was made outside of every context is whoever's awaits it.
 * A clone is of whoever's the builder is; one of nobody's is of whoever clones it.
 */
export function bindBuilders(tenancy: Tenancy, client: KnexBuilders): void {
  const origins = new WeakMap<object, Origin>();
  const note = (builder: object, origin = new Origin(tenancy, 'A query')): object => {
    if (origin.tenant !== undefined) origins.set(builder, origin);
    // Knex makes a clone without its client.
    const clone: unknown = Reflect.get(builder, 'clone');
    if (typeof clone === 'function') {
      const cloned = () => note(Reflect.apply(clone, builder, []), origins.get(builder));
      Object.defineProperty(builder, 'clone', { value: cloned, writable: true, configurable: true });
    }
    return builder;
  };
  for (const name of ['queryBuilder', 'schemaBuilder', 'raw'] as const) {
    const make = client[name];
    client[name] = (...given) => note(make.apply(client, given));
  }
  const { runner } = client;
  client.runner = (builder) => {
    origins.get(builder)?.assertNotElsewhere();
    return runner.call(client, builder);
  };
}
