import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenancy, type Tenancy } from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { catalogUrl, openTenancy, SCHEMA } from './tenancies.js';

const TENANTS = 6;
const BUDGET = 4;

forEachEngine((engine) => {
  const namespace = useNamespace(engine);
  const names: string[] = [];
  let maker: Tenancy;
  beforeAll(async () => {
    maker = await createTenancy({
      catalog: catalogUrl(namespace()),
      servers: { main: namespace().url },
      setup: true,
      provision: { script: SCHEMA },
    });
    for (let tenant = 0; tenant < TENANTS; tenant++) {
      names.push(namespace().name(`w${tenant}`));
      await maker.tenants.create({ name: names.at(-1) ?? '' });
    }
  });
  afterAll(() => maker?.close());

  const open = () =>
    openTenancy(namespace(), { servers: { main: { url: namespace().url, maxConnections: BUDGET } } });
  /** MySQL keeps one connection to cancel with. */
  const capacity = engine.name === 'mysql' ? BUDGET - 1 : BUDGET;

  describe('a warm-up', () => {
    it('reads all routes and opens connections as far as the budget has room, for the first ones first', async () => {
      const tenancy = await open();
      const result = await tenancy.warmUp([...names, ...names]);
      expect(result).toEqual({ routes: TENANTS, connections: capacity, failed: [] });
      expect(tenancy.stats()).toMatchObject({
        directory: { routes: TENANTS },
        servers: { main: { idle: capacity, inUse: 0, totals: { opened: capacity, evictions: 0 } } },
      });
      for (const name of names.slice(0, capacity)) await tenancy.session(name).query('SELECT 1');
      expect(tenancy.stats().servers.main?.totals).toMatchObject({ opened: capacity, evictions: 0 });
    });

    it('tells of the tenants that it could not warm up, and warms up the others', async () => {
      const tenancy = await open();
      const result = await tenancy.warmUp(['nobody-of-this-name', names[0] ?? '']);
      expect(result).toEqual({
        routes: 1,
        connections: 1,
        failed: [{ tenant: 'nobody-of-this-name', code: 'TENANTRY_UNKNOWN_TENANT' }],
      });
    });

    it('ends when its caller aborts, and leaves nothing behind', async () => {
      const tenancy = await open();
      const controller = new AbortController();
      const warming = tenancy.warmUp(names, { signal: controller.signal });
      controller.abort();
      await expect(warming).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
      await expect
        .poll(() => tenancy.stats().servers.main)
        .toMatchObject({ inUse: 0, waiting: 0, connecting: 0 });
      await tenancy.session(names[0] ?? '').query('SELECT 1');
    });
  });
});
