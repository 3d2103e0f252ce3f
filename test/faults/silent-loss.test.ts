import { describe, expect, it } from 'vitest';
import { useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, openProxy, outcome, slow, through } from './setting.js';

const IDLE = 5;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);

  describe('idle connections whose network has gone silent', () => {
    it('cost one timeout, not one each', async () => {
      const { server } = namespace();
      if (server === undefined) throw new Error('This engine has a server.');
      await using proxy = await openProxy(server.tcpUrl);
      const tenancy = await openTenancy(namespace(), {
        servers: {
          main: {
            url: through(proxy, server.tcpUrl),
            maxConnections: IDLE + 3,
            maxConnectionsPerTenant: IDLE + 3,
          },
        },
        provision: { script: NOTES },
      });
      const tenant = namespace().name('silent');
      await tenancy.tenants.create({ name: tenant });
      const session = tenancy.session(tenant);
      const idle = () => tenancy.stats().servers.main?.idle;
      await Promise.all(Array.from({ length: IDLE }, () => session.query(slow(name, 0.5))));
      await expect.poll(idle).toBe(IDLE);

      // Nothing comes by the old connections any more; new ones are as ever.
      proxy.blackHole();
      proxy.restore();
      const call = () => outcome(session.query('SELECT 1', [], { timeoutMs: 1000 }));
      const outcomes = [];
      for (let calls = 0; calls < 2 * IDLE; calls++) outcomes.push(await call());
      expect(outcomes).toEqual(['TENANTRY_TIMEOUT', ...Array(2 * IDLE - 1).fill('ok')]);
      expect(tenancy.stats().servers.main?.totals.cancels).toBe(1);
    });
  });
});
