import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { useNamespace } from '../helpers/engines.js';
import type { OwnServer } from '../helpers/own-server.js';
import { openTenancy } from '../tenancy/tenancies.js';
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

  /** Two servers: one that goes on and one that will be hurt. Each has a tenant with one note. */
  async function openTwo(hurt: string): Promise<{ tenancy: Tenancy; well: string; ill: string }> {
    const tenancy = await openTenancy(namespace(), {
      servers: {
        well: { url: namespace().url, maxConnections: 4 },
        ill: { url: server.tcpUrl, maxConnections: 4 },
      },
      provision: { script: NOTES },
      timeouts: { connectMs: 500 },
    });
    const names = { well: namespace().name(`well_${hurt}`), ill: namespace().name(`ill_${hurt}`) };
    for (const key of ['well', 'ill'] as const) {
      await tenancy.tenants.create({ name: names[key], server: key });
      await write(tenancy.session(names[key]), key);
    }
    return { tenancy, ...names };
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
    describe(`while one of two servers is ${fault}`, () => {
      it('only its tenants fail, they are told so at once, and they are served again when it is back', async () => {
        const { tenancy, well, ill } = await openTwo(fault);
        const askIll = () => outcome(tenancy.session(ill).query('SELECT 1', [], { timeoutMs: 1000 }));
        const isUnreachable = () => tenancy.stats().servers.ill?.unreachable;
        expect(isUnreachable()).toBe(false);

        const end = await begin();
        const codes = new Set<string>();
        await expect
          .poll(async () => {
            codes.add(await askIll());
            return isUnreachable();
          })
          .toBe(true);
        expect(codes).not.toContain('ok');
        // Known to be out of reach, so nobody has to wait for it.
        codes.clear();
        for (const answer of await Promise.all(Array.from({ length: 20 }, askIll))) codes.add(answer);
        expect(codes).toContain('TENANTRY_SERVER_UNAVAILABLE');
        expect(codes).not.toContain('ok');

        const served = await Promise.all(Array.from({ length: 20 }, () => read(tenancy.session(well))));
        expect(served).toEqual(Array.from({ length: 20 }, () => ['well']));
        const health = await tenancy.health();
        expect(health).toMatchObject({
          ok: false,
          catalog: { ok: true },
          servers: { well: { ok: true, pool: { unreachable: false } }, ill: { ok: false } },
        });
        expect(health.servers.ill?.pool.unreachable).toBe(true);

        await end();
        await expect.poll(askIll).toBe('ok');
        expect(await read(tenancy.session(ill))).toEqual(['ill']);
        expect(tenancy.stats().servers.ill).toMatchObject({ unreachable: false, inUse: 0, waiting: 0 });
      });
    });
  }
});
