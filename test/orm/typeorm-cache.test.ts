import { pgDriver } from 'tenantry/postgres';
import { DataSource, EntitySchema } from 'typeorm';
import { expect, it } from 'vitest';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy } from '../tenancy/tenancies.js';

type QueryResultCache = NonNullable<DataSource['queryResultCache']>;

const Users = new EntitySchema<{ id: number; username: string }>({
  name: 'User',
  tableName: 'users',
  columns: { id: { type: Number, primary: true }, username: { type: String, length: 100 } },
});

onEngine('postgres', (engine) => {
  const namespace = useNamespace(engine);

  async function answers(cache: true | { readonly provider: () => QueryResultCache }): Promise<unknown[]> {
    const template = namespace().name(`Template${typeof cache}`);
    const tenancy = await openTenancy(namespace(), { template });
    const [a, b] = [namespace().name(`A${typeof cache}`), namespace().name(`B${typeof cache}`)];
    for (const name of [template, a, b]) await tenancy.tenants.create({ name });
    const source = new DataSource({ type: 'postgres', driver: pgDriver(tenancy), entities: [Users], cache });
    await tenancy.asTemplate(() => source.initialize());
    const found: unknown[] = [];
    for (const name of [a, b]) {
      await tenancy.session(name).execute(insertUser(1, name));
      if (cache === true) await tenancy.run(name, () => source.synchronize());
      const users = tenancy.run(name, () => source.getRepository(Users).find({ cache: 60_000 }));
      found.push((await users)[0]?.username === name);
    }
    await source.destroy();
    return found;
  }

  it('TypeORM’s query cache in the database answers each tenant from its own', async () => {
    expect(await answers(true)).toEqual([true, true]);
  });

  it('TypeORM’s query cache elsewhere would answer one tenant from another’s rows', async () => {
    // What docs/guides/typeorm.md warns of. If this fails, TypeORM asks its caches otherwise.
    expect(await answers({ provider: cacheInMemory })).toEqual([true, false]);
  });
});

/** As TypeORM's own in Redis: by the text of the query. */
function cacheInMemory(): QueryResultCache {
  const stored = new Map<string, object>();
  const nothing = async () => {};
  return {
    connect: nothing,
    disconnect: nothing,
    synchronize: nothing,
    clear: nothing,
    remove: nothing,
    isExpired: () => false,
    getFromCache: async ({ identifier, query }) => stored.get(identifier ?? query ?? '') as never,
    storeInCache: async (options) => void stored.set(options.identifier ?? options.query ?? '', options),
  };
}
