import { ServerUnavailableError, type Tenancy } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants, WHOSE } from './tenants.js';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);

  const totals = (tenancy: Tenancy) => tenancy.stats().servers.main?.totals;
  const databaseOf = async (tenancy: Tenancy, name: string) => {
    const [row] = await tenancy.session(name).query<{ name: string }>('SELECT current_database() AS name');
    return row?.name ?? '';
  };
  /** Ends every backend of a database when it has so many, and waits until they are gone. */
  const endBackends = async (tenancy: Tenancy, database: string, count: number) => {
    const running = "FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'SELECT%'";
    await expect.poll(() => tenancy.central.query(`SELECT pid ${running}`, [database])).toHaveLength(count);
    await tenancy.central.query(`SELECT pg_terminate_backend(pid, 5000) ${running}`, [database]);
  };

  describe('a pool with more callers than connections', () => {
    it('serves them all within the budget', async () => {
      const tenancy = await tenants.open({ maxConnections: 3 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const whose = async () => {
        const client = await pool.connect();
        const { rows } = await client.query(WHOSE);
        client.release();
        return rows[0].text;
      };
      const names = await Promise.all(Array.from({ length: 30 }, whose));
      expect(names).toEqual(names.map(() => tenants.a));
      expect(totals(tenancy)?.opened).toBe(3);
      const rows = await Promise.all(Array.from({ length: 30 }, () => pool.query(WHOSE)));
      expect(rows).toHaveLength(30);
      expect(totals(tenancy)?.opened).toBe(3);
    });
  });

  describe('a connection that the server ends', () => {
    it('while it is idle, is missed by nobody', async () => {
      const tenancy = await tenants.open();
      const pool = pgPool(tenancy, { tenant: tenants.a });
      pool.on('error', () => expect.unreachable('nothing idle belongs to the pool'));
      await pool.query(WHOSE);
      await endBackends(tenancy, await databaseOf(tenancy, tenants.a), 1);
      for (let i = 0; i < 4; i++) expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
    });

    it('while it runs a statement, is told to whom it served, and to nobody else', async () => {
      const tenancy = await tenants.open({ maxConnections: 2 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const database = await databaseOf(tenancy, tenants.a);
      const client = await pool.connect();
      const told = new Promise((resolve) => client.once('error', resolve));
      const failed = expect(client.query('SELECT pg_sleep(60)')).rejects.toThrow();
      const alone = expect(pool.query('SELECT pg_sleep(60)')).rejects.toThrow(/terminat/);
      const waiting = pool.query(WHOSE);
      await endBackends(tenancy, database, 2);
      await Promise.all([failed, alone]);
      expect(await told).toBeInstanceOf(Error);
      client.release();
      expect((await waiting).rows).toEqual([{ text: tenants.a }]);
      expect(pool.totalCount).toBe(0);
    });
  });

  describe('a connection that is old, or not needed', () => {
    it('is replaced, without the pool noticing', async () => {
      const tenancy = await tenants.open({ timeouts: { lifetimeMs: 1 } });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      for (let i = 0; i < 3; i++) await pool.query('SELECT pg_sleep(0.01)');
      expect(totals(tenancy)?.opened).toBe(3);
    });

    it('is closed, and opened again when it is needed', async () => {
      const tenancy = await tenants.open({ timeouts: { idleMs: 20 } });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      await pool.query(WHOSE);
      await expect.poll(() => tenancy.stats().servers.main?.idle).toBe(0);
      expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
    });
  });

  describe('a server that cannot be reached', () => {
    it('is told to each caller, by promise and by callback, without a client', async () => {
      await tenants.open();
      const tenancy = await tenants.open({ servers: { main: 'postgres://postgres@127.0.0.1:1' } });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      await expect(pool.query(WHOSE)).rejects.toThrow(ServerUnavailableError);
      const args = await new Promise<unknown[]>((resolve) => {
        pool.connect((...all: unknown[]) => resolve(all));
      });
      expect(args).toEqual([expect.any(ServerUnavailableError), undefined, expect.any(Function)]);
      expect(await new Promise((resolve) => pool.query(WHOSE, resolve))).toBeInstanceOf(
        ServerUnavailableError,
      );
      expect([pool.totalCount, pool.waitingCount]).toEqual([0, 0]);
    });
  });
});
