import { Cache } from 'drizzle-orm/cache/core';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, varchar } from 'drizzle-orm/pg-core';
import { pgPool } from 'tenantry/postgres';
import { expect, it } from 'vitest';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy } from '../tenancy/tenancies.js';

const users = pgTable('users', { id: integer().primaryKey(), username: varchar({ length: 100 }).notNull() });

/** In memory, by the key that Drizzle makes of a query and its values, and what `whose` puts before it. */
class CacheInMemory extends Cache {
  readonly #stored = new Map<string, unknown[]>();
  readonly #whose: () => string;

  constructor(whose: () => string) {
    super();
    this.#whose = whose;
  }

  override strategy() {
    return 'all' as const;
  }

  override async get(key: string): Promise<unknown[] | undefined> {
    return this.#stored.get(this.#whose() + key);
  }

  override async put(key: string, response: unknown[]): Promise<void> {
    this.#stored.set(this.#whose() + key, response);
  }

  override async onMutate(): Promise<void> {}
}

onEngine('postgres', (engine) => {
  const namespace = useNamespace(engine);

  async function answers(suffix: string, isKeyed: boolean): Promise<boolean[]> {
    const tenancy = await openTenancy(namespace());
    const cache = new CacheInMemory(() => (isKeyed ? `${tenancy.session().tenant}:` : ''));
    const db = drizzle({ client: pgPool(tenancy), cache });
    const right: boolean[] = [];
    for (const name of [namespace().name(`A${suffix}`), namespace().name(`B${suffix}`)]) {
      await tenancy.tenants.create({ name });
      await tenancy.session(name).execute(insertUser(1, name));
      const rows = await tenancy.run(name, () => db.select().from(users));
      right.push(rows[0]?.username === name);
    }
    return right;
  }

  it('a cache of Drizzle’s whose keys begin with the tenant answers each from its own', async () => {
    expect(await answers('keyed', true)).toEqual([true, true]);
  });

  it('a cache of Drizzle’s by its keys alone would answer one tenant from another’s rows', async () => {
    // What docs/guides/drizzle.md warns of. If this fails, Drizzle asks its caches otherwise.
    expect(await answers('plain', false)).toEqual([true, false]);
  });
});
