import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { type Administrator, administrate } from '../helpers/administrator.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { type CancellableQuery, executeOnMysql, executeOnPostgres } from './instances/kysely-cancel.js';

const SETTINGS = {
  postgres: {
    sleep: (seconds: number) => `select pg_sleep(${seconds})`,
    running: (sql: string) =>
      `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = '${sql}' AND pid <> pg_backend_pid()`,
    execute: (tenancy: Tenancy, query: CancellableQuery) => executeOnPostgres(pgPool(tenancy), query),
  },
  mysql: {
    sleep: (seconds: number) => `select sleep(${seconds})`,
    running: (sql: string) => `SELECT 1 FROM information_schema.processlist WHERE info = '${sql}'`,
    execute: (tenancy: Tenancy, query: CancellableQuery) => executeOnMysql(mysqlPool(tenancy), query),
  },
};
const HOW = [
  { strategy: 'cancel query', hasControl: false },
  { strategy: 'kill session', hasControl: false },
  { strategy: 'cancel query', hasControl: true },
  { strategy: 'kill session', hasControl: true },
] as const;

for (const name of ['postgres', 'mysql'] as const) {
  onEngine(name, (engine) => {
    const { sleep, running, execute } = SETTINGS[name];
    const namespace = useNamespace(engine);
    afterEach(() => {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    });

    /** Every port to which this process connects from now on. */
    const watchConnects = () => {
      const ports = new Set<number>();
      const { connect } = net.Socket.prototype;
      vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(function (this: net.Socket, ...args) {
        const [first] = args.flat() as readonly unknown[] as readonly (number | { readonly port: number })[];
        ports.add(Number(typeof first === 'object' ? first.port : first));
        return Reflect.apply(connect, this, args) as net.Socket;
      });
      return ports;
    };
    const isRunning = async (administrator: Administrator, sql: string) =>
      (await administrator.query(running(sql))).length > 0;

    describe.each(HOW)('$strategy, by a host’s own connection: $hasControl', ({ strategy, hasControl }) => {
      it('goes to the tenant’s server and nowhere else, within the budget, and hits no later borrower', async () => {
        // Where a driver would connect that is told no address.
        vi.stubEnv('PGHOST', '127.0.0.1');
        vi.stubEnv('PGPORT', '1');
        const { server, name: named } = namespace();
        const url = server?.tcpUrl ?? '';
        const tenancy = await openTenancy(
          { ...namespace(), url },
          {
            servers: { main: { url, maxConnections: 3, maxConnectionsPerTenant: 2 } },
          },
        );
        const tenant = named(`${strategy.slice(0, 4)}_${hasControl}`);
        await tenancy.tenants.create({ name: tenant });
        await using administrator = await administrate(namespace().url);
        const sql = sleep(
          50 + HOW.findIndex((how) => how.strategy === strategy && how.hasControl === hasControl),
        );
        const failures: unknown[] = [];
        const controller = new AbortController();
        const ports = watchConnects();
        const done = tenancy.run(tenant, () =>
          execute(tenancy, {
            ...{ sql, strategy, hasControl, signal: controller.signal },
            background: (error) => failures.push(error),
          }),
        );
        await expect.poll(() => isRunning(administrator, sql)).toBe(true);
        controller.abort(new Error('gone'));
        await expect(done).rejects.toThrow('gone');
        const others = Array.from({ length: 6 }, () => tenancy.session(tenant).query(sleep(0.1)));
        if (!hasControl) await expect.poll(() => isRunning(administrator, sql)).toBe(false);
        else await expect.poll(() => failures).not.toEqual([]);
        // It destroys its client first; MariaDB would find out by itself, where it looks.
        if (name === 'mysql' && strategy === 'kill session') {
          await expect.poll(() => tenancy.stats().servers.main?.totals.cancels).toBe(1);
        }
        await expect(Promise.all(others)).resolves.toHaveLength(6);
        expect([...ports]).toEqual([Number(new URL(url).port)]);
      });
    });
  });
}
