import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createTenancy, type Tenancy } from '../../packages/tenantry/src/index.js';
import type { TcpProxy } from '../../packages/tenantry/src/testing/tcp-proxy.js';
import { type Namespace, useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { catalogUrl } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, openProxy, outcome, slow, through } from './setting.js';

/** Far more than half a second, and less than any wait of a connection. */
const LATE_MS = 4000;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  const proxies: TcpProxy[] = [];
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close();
  });

  /** A tenancy that reaches everything through one proxy, with something under way in each of its rooms. */
  async function busy(
    tenant: string,
  ): Promise<{ tenancy: Tenancy; proxy: TcpProxy; calls: Promise<string>[] }> {
    const { tcpUrl } = sharedServer(name);
    const proxy = await openProxy(tcpUrl);
    proxies.push(proxy);
    const main = through(proxy, tcpUrl);
    let hang = false;
    const tenancy = await createTenancy({
      catalog: catalogUrl({ ...namespace(), url: main } as Namespace),
      servers: { main },
      setup: true,
      provision: { script: NOTES },
      credentials: () => (hang ? new Promise<undefined>(() => {}) : undefined),
      timeouts: { connectMs: 60_000, catalogMs: 60_000, queryMs: 60_000, acquireMs: 60_000 },
    });
    const names = [tenant, `${tenant}_2`, `${tenant}_3`];
    for (const each of names) await tenancy.tenants.create({ name: each });
    for (const each of names.slice(0, 2)) await tenancy.session(each).query('SELECT 1');
    await tenancy.central.query('SELECT 1');
    hang = true;
    const session = tenancy.session(tenant);
    const calls = [
      session.query(slow(name, 600)),
      session.transaction(async (tx) => tx.query(slow(name, 600))),
      tenancy.central.query(slow(name, 600)),
      tenancy.session(names[2]).query('SELECT 1'),
    ].map(outcome);
    await expect.poll(() => tenancy.stats().servers.main?.inUse).toBe(2);
    proxy.blackHole();
    calls.push(outcome(tenancy.tenants.create({ name: `${tenant}_4` })));
    calls.push(outcome(tenancy.session(`${tenant}_unknown`).query('SELECT 1')));
    calls.push(outcome(tenancy.session(names[1]).query('SELECT 1')));
    // By then the poll has asked and got no answer.
    await expect.poll(() => tenancy.stats().directory.confirmedMsAgo).toBeGreaterThan(1000);
    return { tenancy, proxy, calls };
  }

  describe('while servers swallow everything', () => {
    const ends: Record<string, (tenancy: Tenancy) => Promise<void>> = {
      'close keeps its time': (tenancy) => tenancy.close({ timeoutMs: 500 }),
      'destroy takes none': (tenancy) => tenancy.destroy(),
      'destroy ends a close that waits': (tenancy) => {
        void tenancy.close({ timeoutMs: 3_600_000 });
        return tenancy.destroy();
      },
    };
    it.each(Object.entries(ends))('%s, and whoever waits is told', async (what, end) => {
      const { tenancy, calls } = await busy(namespace().name(`t${Object.keys(ends).indexOf(what)}`));
      const ended = await Promise.race([end(tenancy).then(() => 'in time'), sleep(LATE_MS, 'late')]);
      expect(ended).toBe('in time');
      const outcomes = await Promise.race([Promise.all(calls), sleep(LATE_MS, 'late')]);
      expect(outcomes).not.toBe('late');
      expect(outcomes).not.toContain('ok');
    });
  });
});
