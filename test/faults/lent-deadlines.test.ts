import { finished } from 'node:stream/promises';
import type { Connection as MariadbConnection } from 'mariadb';
import type { Pool as MysqlPool } from 'mysql2';
import type pg from 'pg';
import QueryStream from 'pg-query-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mariadbPool, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import type { Clients, Tenancy } from '../../packages/tenantry/src/index.js';
import type { TcpProxy } from '../../packages/tenantry/src/testing/tcp-proxy.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, openProxy, outcome, slow, through, write } from './setting.js';

const BUDGET = 12;
const TIMEOUT = 'TENANTRY_TIMEOUT';

/** A way in which a statement goes to the server by a driver's own means. */
type Use = (tenancy: Tenancy, tenant: string, sql: string) => Promise<unknown>;

const uses: Record<'mysql' | 'postgres', Record<string, Use>> = {
  postgres: {
    'pgPool.query': (tenancy, tenant, sql) => pgPool(tenancy, { tenant }).query(sql),
    'a client of pgPool': (tenancy, tenant, sql) => withPg(tenancy, tenant, (client) => client.query(sql)),
    'a transaction on a client of pgPool': (tenancy, tenant, sql) =>
      withPg(tenancy, tenant, async (client) => {
        await client.query('BEGIN');
        await client.query(sql);
      }),
    'a stream of rows': (tenancy, tenant, sql) =>
      withPg(tenancy, tenant, (client) => {
        const rows = client.query(new QueryStream(sql));
        rows.resume();
        return finished(rows);
      }),
  },
  mysql: {
    'mysqlPool.query': (tenancy, tenant, sql) => mysqlPool(tenancy, { tenant }).promise().query(sql),
    'mysqlPool.execute': (tenancy, tenant, sql) => mysqlPool(tenancy, { tenant }).promise().execute(sql),
    'a connection of mysqlPool': (tenancy, tenant, sql) =>
      withMysql(tenancy, tenant, (connection) => connection.query(sql)),
    'a transaction on a connection of mysqlPool': (tenancy, tenant, sql) =>
      withMysql(tenancy, tenant, async (connection) => {
        await connection.beginTransaction();
        await connection.query(sql);
      }),
    'a stream of mysqlPool': (tenancy, tenant, sql) => {
      const pool: MysqlPool = mysqlPool(tenancy, { tenant });
      return finished(pool.query(sql).stream().resume());
    },
    'mariadbPool.query': (tenancy, tenant, sql) => mariadbPool(tenancy, { tenant }).query(sql),
    'mariadbPool.execute': (tenancy, tenant, sql) => mariadbPool(tenancy, { tenant }).execute(sql),
    'a transaction on a connection of mariadbPool': async (tenancy, tenant, sql) => {
      const connection: MariadbConnection = await mariadbPool(tenancy, { tenant }).getConnection();
      try {
        await connection.beginTransaction();
        await connection.query(sql);
      } finally {
        await connection.end();
      }
    },
  },
};

async function withPg<T>(tenancy: Tenancy, tenant: string, work: (client: pg.PoolClient) => Promise<T>) {
  const client = await pgPool(tenancy, { tenant }).connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

type MysqlClient = Awaited<ReturnType<ReturnType<MysqlPool['promise']>['getConnection']>>;

async function withMysql<T>(tenancy: Tenancy, tenant: string, work: (connection: MysqlClient) => Promise<T>) {
  const connection = await mysqlPool(tenancy, { tenant }).promise().getConnection();
  try {
    return await work(connection);
  } finally {
    connection.release();
  }
}

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let proxy: TcpProxy;
  let tenancy: Tenancy;
  let tenant: string;
  beforeEach(async () => {
    const { tcpUrl } = sharedServer(name);
    proxy = await openProxy(tcpUrl);
    tenancy = await openTenancy(namespace(), {
      servers: { main: { url: through(proxy, tcpUrl), maxConnections: BUDGET } },
      provision: { script: NOTES },
      timeouts: { queryMs: 1000, transactionMs: 2000, connectMs: 5000 },
      limits: (route) => (route.name.endsWith('patient') ? { statementTimeoutMs: 60_000 } : undefined),
    });
    tenant = namespace().name('acme');
    if ((await tenancy.tenants.list()).tenants.length === 0) {
      for (const each of ['acme', 'other', 'patient']) {
        await tenancy.tenants.create({ name: namespace().name(each) });
      }
    }
  });
  afterEach(() => proxy.close());

  const places = () => {
    const { inUse = -1, closing = -1, idle = -1 } = tenancy.stats().servers.main ?? {};
    return { inUse, closing, idle };
  };
  const nothingHeld = { inUse: 0, closing: 0, idle: 0 };

  describe('a statement by a driver’s own means, each of them', () => {
    /** What comes of each use, all at once: they take turns with nothing but places, and there is one for each. */
    const each = async (owner: string, sql: string) => {
      const all = Object.entries(uses[name]).map(async ([how, use]) => [
        how,
        await outcome(use(tenancy, owner, sql)),
      ]);
      return Object.fromEntries(await Promise.all(all)) as Readonly<Record<string, string>>;
    };
    const all = (what: string) => Object.fromEntries(Object.keys(uses[name]).map((how) => [how, what]));

    it('that no answer comes to ends with our timeout, and its place is free', async () => {
      // A connection for each, because none can be opened then.
      const leases = await Promise.all(Object.keys(uses[name]).map(() => tenancy.clients(tenant).acquire()));
      for (const lease of leases) lease.release();
      await expect.poll(() => places().idle).toBe(leases.length);
      proxy.blackHole();
      expect(await each(tenant, 'SELECT text FROM notes')).toEqual(all(TIMEOUT));
      await expect.poll(places).toEqual(nothingHeld);
      proxy.restore();
      await tenancy.session(namespace().name('other')).query('SELECT 1');
    });

    it('that takes too long is cancelled at the server, and its connection is nobody’s any more', async () => {
      expect(await each(tenant, `/* late */ ${slow(name, 600)}`)).toEqual(all(TIMEOUT));
      const running =
        name === 'mysql'
          ? "SELECT id FROM information_schema.processlist WHERE info LIKE '/* late */%'"
          : "SELECT pid FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '/* late */%'";
      await expect.poll(() => tenancy.session(namespace().name('other')).query(running)).toEqual([]);
      await expect.poll(() => places().inUse + places().closing).toBe(0);
    });

    it('has the time that its tenant has', async () => {
      expect(await each(namespace().name('patient'), slow(name, 2))).toEqual(all('ok'));
    });
  });

  it('a transaction whose function throws while nothing answers ends in its time, and its place is free', async () => {
    const { transactionMs, queryMs } = { transactionMs: 60_000, queryMs: 1000 };
    const transaction = tenancy.session(tenant).transaction(
      async (handle) => {
        await handle.query('SELECT 1', [], { timeoutMs: queryMs });
        proxy.blackHole();
        throw new Error('of the function');
      },
      { timeoutMs: transactionMs },
    );
    await expect(transaction).rejects.toThrow('of the function');
    await expect.poll(places).toEqual(nothingHeld);
  });

  describe('a client that is lent', () => {
    const clients = (): Clients => tenancy.clients(tenant);
    const run = async (client: object, sql: string) => {
      if (name === 'postgres') return (client as pg.ClientBase).query(sql);
      return (client as { promise(): { query(sql: string): Promise<unknown> } }).promise().query(sql);
    };

    it('is taken away while its transaction is left open, and what it wrote is rolled back', async () => {
      await write(tenancy.session(tenant), 'kept');
      const lease = await clients().acquire();
      await run(lease.client, 'BEGIN');
      await run(lease.client, 'DELETE FROM notes');
      await expect.poll(() => places().inUse).toBe(0);
      expect(await outcome(run(lease.client, 'COMMIT'))).toBe(TIMEOUT);
      lease.release();
      expect(await tenancy.session(tenant).query("SELECT text FROM notes WHERE text = 'kept'")).toHaveLength(
        1,
      );
    });

    it('has its time for each statement and each transaction, not for all', async () => {
      const lease = await clients().acquire({ queryMs: 1500, transactionMs: 1500 });
      const until = performance.now() + 4000;
      while (performance.now() < until) {
        await run(lease.client, 'BEGIN');
        await run(lease.client, slow(name, 0.05));
        await run(lease.client, 'COMMIT');
      }
      lease.release();
      await expect.poll(places).toMatchObject({ inUse: 0, idle: 1 });
    });

    it('may have more time than the tenancy says', async () => {
      const lease = await clients().acquire({ queryMs: 60_000, transactionMs: 60_000 });
      await run(lease.client, 'BEGIN');
      await run(lease.client, slow(name, 3));
      await run(lease.client, 'COMMIT');
      lease.release();
      const pool = { tenant, queryMs: 60_000 };
      if (name === 'postgres') await pgPool(tenancy, pool).query(slow(name, 2));
      else {
        await mysqlPool(tenancy, pool).promise().query(slow(name, 2));
        await mariadbPool(tenancy, pool).query(slow(name, 2));
      }
    });

    it('is refused where a time is none', async () => {
      for (const queryMs of [0, Number.NaN, -1, '5']) {
        const options = { queryMs } as { queryMs: number };
        await expect(clients().acquire(options)).rejects.toMatchObject({ code: 'TENANTRY_INVALID_OPTION' });
        const pool = name === 'postgres' ? pgPool : mysqlPool;
        expect(() => pool(tenancy, options)).toThrow(/queryMs/);
      }
    });
  });
});
