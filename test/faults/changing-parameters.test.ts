import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import { createTenancy, type Tenancy } from '../../packages/tenantry/src/index.js';
import { useNamespace } from '../helpers/engines.js';
import { catalogUrl } from '../tenancy/tenancies.js';
import { forEachServerEngine } from './setting.js';

/** What gives `first` at the first look, and `later` at each further one. */
function changing(first: unknown, later: unknown): { value: unknown } {
  let looks = 0;
  return Object.defineProperty({} as { value: unknown }, 'value', {
    enumerable: true,
    get: () => (looks++ === 0 ? first : later),
  });
}

/** Arrays of one parameter that change between two looks. */
const ARRAYS: Readonly<Record<string, (first: unknown, later: unknown) => unknown[]>> = {
  'a proxy': (first, later) => {
    const own = changing(first, later);
    return new Proxy([first], { get: (list, key) => (key === '0' ? own.value : Reflect.get(list, key)) });
  },
  'a getter': (first, later) => {
    const own = changing(first, later);
    return Object.defineProperty([first], '0', { enumerable: true, get: () => own.value });
  },
};
const EXPANDED = { 1: 1 };
const circle: unknown[] = [];
circle.push(circle);
type Door = (tenancy: Tenancy, tenant: string, values: unknown[]) => Promise<unknown>;
const UNSENDABLE = Symbol('cannot be sent');

const doors: Record<'mysql' | 'postgres', Record<string, Door>> = {
  mysql: {
    session: (tenancy, tenant, values) => tenancy.session(tenant).query('SELECT ? AS a', values as never),
  },
  postgres: {
    session: (tenancy, tenant, values) =>
      tenancy.session(tenant).query('SELECT $1::text AS a', values as never),
    'pgPool.query': async (tenancy, tenant, values) =>
      (await pgPool(tenancy, { tenant }).query('SELECT $1::text AS a', values)).rows,
    'a lent client': async (tenancy, tenant, values) => {
      const lease = await tenancy.clients(tenant).acquire();
      try {
        return (await (lease.client as pg.Client).query({ text: 'SELECT $1::text AS a', values })).rows;
      } finally {
        lease.release();
      }
    },
  },
};

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let tenancy: Tenancy;
  let tenant: string;
  beforeAll(async () => {
    tenancy = await createTenancy({
      catalog: catalogUrl(namespace()),
      servers: { main: { url: namespace().url, maxConnections: 2 } },
      setup: true,
    });
    tenant = namespace().name('acme');
    await tenancy.tenants.create({ name: tenant });
    return () => tenancy.close();
  });

  describe.each(Object.entries(doors[name]))(
    'parameters that change between two looks, given to %s',
    (_door, send) => {
      it.each(Object.entries(ARRAYS))('are sent as they were checked: %s', async (_kind, array) => {
        for (const later of [EXPANDED, UNSENDABLE, circle]) {
          expect(await send(tenancy, tenant, array('checked', later))).toEqual([{ a: 'checked' }]);
        }
        await expect.poll(() => tenancy.stats().servers.main?.inUse).toBe(0);
      });
    },
  );
});
