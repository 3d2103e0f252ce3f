import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnsafeIsolationError } from '../../packages/tenantry/src/index.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { openServerGroup, type ServerGroup } from '../servers/group.mjs';
import { startPgbouncer } from '../servers/pgbouncer.mjs';
import { openTenancy } from './tenancies.js';

const TENANTS = ['a', 'b', 'c'];

onEngine('postgres', (engine) => {
  const namespace = useNamespace(engine);
  let group: ServerGroup;
  let shared: SharedDatabase;
  beforeAll(async () => {
    group = await openServerGroup();
    shared = await openSharedDatabase(namespace());
  });
  afterAll(async () => {
    await shared?.close();
    await group?.close();
  });

  /** Tenants in schemas, made past the pooler and served through it. */
  async function throughPooler(poolMode: 'session' | 'transaction', poolSize?: number) {
    const pooler = await startPgbouncer(group, { serverUrl: shared.url, poolMode, poolSize });
    const direct = await openTenancy(namespace(), {
      servers: { main: { url: shared.url, isolation: 'schema' } },
      provision: { script: 'CREATE TABLE users (id serial PRIMARY KEY, username text)' },
    });
    const names = TENANTS.map((suffix) => namespace().name(`${poolMode}_${poolSize ?? ''}${suffix}`));
    for (const name of names) {
      await direct.tenants.create({ name });
      await direct.session(name).execute('INSERT INTO users (username) VALUES ($1)', [name]);
    }
    const servers = { main: { url: pooler.url, isolation: 'schema' as const, maxConnections: 2 } };
    return { names, tenancy: await openTenancy(namespace(), { servers }), servers };
  }

  describe('a pooler in front of the server', () => {
    it('that gives each client a session of its own is served through', async () => {
      const { names, tenancy } = await throughPooler('session');
      const asked = Array.from({ length: 60 }, (_, i) => names[i % names.length] as string);
      const answers = await Promise.all(
        asked.map((name) => tenancy.session(name).query('SELECT username FROM users')),
      );
      for (const [i, rows] of answers.entries()) expect(rows).toEqual([{ username: asked[i] }]);
      expect(tenancy.stats().servers.main?.totals.rebinds).toBeGreaterThan(0);
    });

    it.each([[1], [2], [10]])(
      'that lends sessions for a transaction, of %i, is refused, and the reason said',
      async (poolSize) => {
        const { names, tenancy } = await throughPooler('transaction', poolSize);
        const attempt = tenancy.session(names[0]).query('SELECT username FROM users');
        await expect(attempt).rejects.toThrow(UnsafeIsolationError);
        await expect(attempt).rejects.toMatchObject({
          code: 'TENANTRY_UNSAFE_ISOLATION',
          message: expect.stringContaining('A pooler stands before the server'),
          hint: expect.stringContaining('pool_mode = session'),
        });
      },
    );

    it('that has no room to prove it is refused', async () => {
      const { names, tenancy } = await throughPooler('session', 1);
      await expect(tenancy.session(names[0]).query('SELECT 1')).rejects.toThrow(UnsafeIsolationError);
    });

    it('that lends sessions for a transaction is no matter where a database has one tenant', async () => {
      const { servers } = await throughPooler('transaction', 5);
      const tenancy = await openTenancy(namespace(), {
        servers: { main: { ...servers.main, isolation: 'database' }, direct: namespace().url },
        provision: { script: 'CREATE TABLE users (id serial PRIMARY KEY)' },
      });
      const name = namespace().name('whole');
      await tenancy.tenants.create({ name, server: 'direct' });
      expect(await tenancy.session(name).query('SELECT id FROM users')).toEqual([]);
    });
  });
});
