import { describe, expect, it } from 'vitest';
import { administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { limitedUser } from './limited-user.js';
import { capacityOf, forEachServerEngine, NOTES, outcome, slow, write } from './setting.js';

const BUDGET = 3;
const CALLERS = 10;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);

  describe('statements that are aborted while the budget is used up', () => {
    it('are ended at the server within the budget, though cancelling may take a connection', async () => {
      const server = sharedServer(name);
      await using user = await limitedUser(name, server, { prefix: namespace().prefix, limit: BUDGET });
      await using administrator = await administrate(server.url);
      const tenancy = await openTenancy(namespace(), {
        servers: { main: { url: user.url, maxConnections: BUDGET, maxConnectionsPerTenant: BUDGET } },
        provision: { script: NOTES },
      });
      const tenant = namespace().name('aborted');
      await tenancy.tenants.create({ name: tenant });
      const statements = async () => {
        const rows = await administrator.query(
          name === 'mysql'
            ? `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = '${tenant}' AND info LIKE 'SELECT SLEEP(600)%'`
            : `SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = '${tenant}' AND state = 'active' AND query LIKE 'SELECT pg_sleep(600)%'`,
        );
        return Number(rows[0]?.n);
      };
      const controller = new AbortController();
      const calls = Array.from({ length: CALLERS }, () =>
        outcome(tenancy.session(tenant).query(slow(name, 600), [], { signal: controller.signal })),
      );
      const held = capacityOf(name, BUDGET);
      await expect
        .poll(() => tenancy.stats().servers.main)
        .toMatchObject({ inUse: held, waiting: CALLERS - held, connecting: 0 });
      await expect.poll(statements).toBe(held);
      controller.abort();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['TENANTRY_ABORTED']));
      await expect.poll(statements).toBe(0);
      await write(tenancy.session(tenant), 'after');
      await expect
        .poll(() => tenancy.stats().servers.main)
        .toMatchObject({ inUse: 0, waiting: 0, connecting: 0, closing: 0, totals: { cancels: held } });
    });
  });
});
