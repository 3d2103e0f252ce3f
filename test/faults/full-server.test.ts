import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { type OwnServer, startOwnServer } from '../helpers/own-server.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { capacityOf, forEachServerEngine, NOTES, outcome, write } from './setting.js';

const BUDGET = 10;
/** What strangers leave of it. */
const LEFT = 3;
const TENANTS = 5;
const CALLS = 30;
const TAKES = 12;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let server: OwnServer;
  beforeAll(async () => {
    const settings = name === 'mysql' ? {} : { superuser_reserved_connections: 0, autovacuum_max_workers: 1 };
    server = await startOwnServer(name, { settings: { max_connections: TAKES, ...settings } });
  });
  afterAll(() => server?.close());

  /** Takes all connections that the server has, then gives so many back. */
  const fill = async (left: number): Promise<Administrator[]> => {
    const strangers: Administrator[] = [];
    for (;;) {
      const stranger = await administrate(server.url).catch(() => undefined);
      if (stranger === undefined) break;
      strangers.push(stranger);
    }
    for (const stranger of strangers.splice(0, left)) await stranger.close();
    return strangers;
  };

  describe('a server that others have filled', () => {
    it('serves every call with what is left, tells so, and is used whole again when they have gone', async () => {
      const tenancy = await openTenancy(namespace(), {
        servers: { main: { url: server.url, maxConnections: BUDGET, maxConnectionsPerTenant: BUDGET } },
        provision: { script: NOTES },
        timeouts: { acquireMs: 300_000, queryMs: 300_000 },
      });
      const full: number[] = [];
      let freed = 0;
      tenancy.on('server.full', ({ allowed }) => full.push(allowed));
      tenancy.on('server.freed', () => freed++);
      const names = Array.from({ length: TENANTS }, (_, index) => namespace().name(`t${index}`));
      for (const each of names) await tenancy.tenants.create({ name: each });
      const stats = () => tenancy.stats().servers.main;
      const strangers = await fill(LEFT);
      const call = (index: number) => outcome(write(tenancy.session(names[index % TENANTS] ?? ''), 'note'));
      const outcomes = await Promise.all(Array.from({ length: CALLS }, (_, index) => call(index)));
      expect(outcomes).toEqual(Array(CALLS).fill('ok'));
      const allowed = stats()?.allowed ?? BUDGET;
      expect(allowed).toBeLessThan(BUDGET);
      expect(full.length).toBeGreaterThan(0);
      const { evictions = 0, rebinds = 0 } = stats()?.totals ?? {};
      expect(evictions + rebinds).toBeGreaterThan(0);
      expect(freed).toBe(0);

      await Promise.all(strangers.map((stranger) => stranger.close()));
      const busy = () => Promise.all(Array.from({ length: 2 * BUDGET }, (_, index) => call(index)));
      await expect
        .poll(async () => (await busy()).every((each) => each === 'ok') && stats()?.allowed)
        .toBe(BUDGET);
      expect(freed).toBe(1);
      expect(capacityOf(name, BUDGET)).toBeGreaterThan(LEFT);
    });
  });
});
