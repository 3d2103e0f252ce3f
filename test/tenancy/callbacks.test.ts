import { describe, expect, it } from 'vitest';
import { mariadbPool, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

/** What is told, and to whom: the tenant in context. */
type Told = readonly [what: string, tenant: string | undefined];

interface Watched {
  on(event: string, listener: () => void): unknown;
}

/** What an application works with on an engine beside sessions: a pool, its events, and a statement by it. */
const pools = {
  mysql: {
    mysqlPool: (tenancy: Tenancy) => {
      const pool = mysqlPool(tenancy);
      return { pool: pool as Watched, work: () => pool.promise().query('SELECT 1') };
    },
    'mysqlPool.promise()': (tenancy: Tenancy) => {
      const pool = mysqlPool(tenancy).promise();
      return { pool: pool as unknown as Watched, work: () => pool.query('SELECT 1') };
    },
    mariadbPool: (tenancy: Tenancy) => {
      const pool = mariadbPool(tenancy);
      return { pool: pool as unknown as Watched, work: () => pool.query('SELECT 1') };
    },
  },
  postgres: {
    pgPool: (tenancy: Tenancy) => {
      const pool = pgPool(tenancy);
      return { pool: pool as Watched, work: () => pool.query('SELECT 1') };
    },
  },
  sqlite: {},
};
const POOL_EVENTS = ['connection', 'connect', 'acquire', 'release', 'remove', 'enqueue'];
const EVENTS = ['connection.opened', 'connection.closed', 'wait.ended', 'tenant.changed'] as const;

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  describe('what is called back about a tenant', () => {
    it('has no tenant in context, whoever caused it: events, limits', async () => {
      const told: Told[] = [];
      let tenancy: Tenancy | undefined;
      const note = (what: string) => void told.push([what, tenancy?.current()?.name]);
      const limits = () => note('limits');
      const servers = { main: { url: namespace().url, maxConnections: 2 } };
      tenancy = await openTenancy(namespace(), { servers, limits: limits as () => undefined });
      const names = ['one', 'two', 'three'].map((suffix) => namespace().name(suffix));
      const [one = '', two = ''] = names;
      for (const name of names) await tenancy.tenants.create({ name });
      for (const event of EVENTS) tenancy.on(event, () => note(event));
      const { run, session, tenants } = tenancy;
      await run(one, async () => {
        await Promise.all(names.flatMap((name) => [1, 2].map(() => session(name).query('SELECT 1'))));
        await tenants.suspend(two);
      });
      const heard = () => new Set(told.map(([what]) => what));
      await expect.poll(heard).toEqual(new Set(['limits', ...EVENTS]));
      expect(told.filter(([, tenant]) => tenant !== undefined)).toEqual([]);
    });

    it.each(Object.entries(pools[engine.name]))('has none by %s', async (_, open) => {
      const servers = { main: { url: namespace().url, maxConnections: 2 } };
      const tenancy = await openTenancy(namespace(), { servers });
      const names = ['four', 'five'].map((suffix) =>
        namespace().name(suffix + Math.random().toString(36).slice(2)),
      );
      for (const name of names) await tenancy.tenants.create({ name });
      const told: Told[] = [];
      const { pool, work } = await tenancy.run(names[0] ?? '', () => ({ ...open(tenancy) }));
      await tenancy.run(names[0] ?? '', () => {
        for (const event of POOL_EVENTS) pool.on(event, () => told.push([event, tenancy.current()?.name]));
      });
      await Promise.all([...names, ...names, ...names].map((name) => tenancy.run(name, work)));
      expect(new Set(told.map(([event]) => event))).toContain('release');
      expect(told.filter(([, tenant]) => tenant !== undefined)).toEqual([]);
    });
  });

  describe('credentials', () => {
    it.skipIf(engine.name === 'sqlite')('are asked for with no tenant in context', async () => {
      const told: unknown[] = [];
      let tenancy: Tenancy | undefined;
      const credentials = async () => {
        told.push(tenancy?.current()?.name);
        await Promise.resolve();
        told.push(tenancy?.current()?.name);
        return undefined;
      };
      tenancy = await openTenancy(namespace(), { credentials });
      const [six = '', seven = ''] = ['six', 'seven'].map((suffix) => namespace().name(suffix));
      for (const name of [six, seven]) await tenancy.tenants.create({ name });
      const { run, session } = tenancy;
      await run(six, () => session(seven).query('SELECT 1'));
      expect(told).toEqual([undefined, undefined]);
    });
  });
});
