import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tenancy, TenancyOptions } from '../../packages/tenantry/src/index.js';
import { useNamespace } from '../helpers/engines.js';
import type { OwnServer } from '../helpers/own-server.js';
import { catalogUrl, openTenancy } from '../tenancy/tenancies.js';
import { endRestarted, freeze, kill, startDurable, thaw } from './server-process.js';
import { forEachServerEngine, NOTES, outcome, read, write } from './setting.js';

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let server: OwnServer;
  beforeEach(async () => {
    server = await startDurable(name);
  });
  afterEach(() => server.close());
  afterAll(endRestarted);

  /** The catalog is on a server of its own; tenants live elsewhere. */
  async function open(options: Partial<TenancyOptions> = {}): Promise<Tenancy> {
    const tenancy = await openTenancy(namespace(), {
      catalog: catalogUrl({ ...namespace(), url: server.tcpUrl }),
      provision: { script: NOTES },
      timeouts: { connectMs: 1000, catalogMs: 1000 },
      ...options,
    });
    return tenancy;
  }

  const faults = {
    killed: async () => {
      const killed = await kill(server);
      return () => killed.restart();
    },
    frozen: async () => {
      await freeze(server);
      return () => thaw(server);
    },
  };

  for (const [fault, begin] of Object.entries(faults)) {
    describe(`while the catalog's server is ${fault}`, () => {
      it('known tenants are served on, unknown ones are never called unknown, and changes are refused', async () => {
        const tenancy = await open();
        const known = namespace().name(`known_${fault}`);
        const unknown = namespace().name(`unknown_${fault}`);
        await tenancy.tenants.create({ name: known });
        await write(tenancy.session(known), 'before');

        const end = await begin();
        await write(tenancy.session(known), 'meanwhile');
        expect(await read(tenancy.session(known))).toEqual(['before', 'meanwhile']);
        await expect(tenancy.session(unknown).query('SELECT 1')).rejects.toMatchObject({
          code: 'TENANTRY_CATALOG_UNAVAILABLE',
          status: 503,
          retryable: true,
        });
        expect(await outcome(tenancy.tenants.create({ name: unknown }))).toBe('TENANTRY_CATALOG_UNAVAILABLE');
        expect(await outcome(tenancy.tenants.suspend(known))).toBe('TENANTRY_CATALOG_UNAVAILABLE');
        expect(await read(tenancy.session(known))).toEqual(['before', 'meanwhile']);

        await end();
        await expect
          .poll(() => outcome(tenancy.session(unknown).query('SELECT 1')))
          .toBe('TENANTRY_UNKNOWN_TENANT');
        await expect.poll(() => outcome(tenancy.tenants.create({ name: unknown }))).toBe('ok');
        await write(tenancy.session(unknown), 'after');
        await tenancy.tenants.suspend(known);
        expect(await outcome(tenancy.session(known).query('SELECT 1'))).toBe('TENANTRY_TENANT_SUSPENDED');
      });

      it('health says so in its time, and that the tenants’ server answers', async () => {
        const tenancy = await open({ timeouts: { connectMs: 60_000, catalogMs: 60_000 } });
        const end = await begin();
        expect(await tenancy.health()).toMatchObject({
          ok: false,
          catalog: { ok: false, error: { code: expect.stringMatching(/_UNAVAILABLE$/) } },
          servers: { main: { ok: true } },
        });
        await end();
        await expect.poll(async () => (await tenancy.health()).ok).toBe(true);
      });

      it('known tenants are refused too once the catalog was not heard of for serveForMs', async () => {
        const tenancy = await open({ cache: { serveForMs: 1000, pollMs: 50 } });
        const known = namespace().name(`bounded_${fault}`);
        await tenancy.tenants.create({ name: known });
        await write(tenancy.session(known), 'before');

        const end = await begin();
        const ask = () => outcome(tenancy.session(known).query('SELECT 1'));
        await expect.poll(ask).toBe('TENANTRY_CATALOG_UNAVAILABLE');
        expect(await ask()).toBe('TENANTRY_CATALOG_UNAVAILABLE');
        await end();
        await expect.poll(ask).toBe('ok');
        expect(await read(tenancy.session(known))).toEqual(['before']);
      });
    });
  }
});
