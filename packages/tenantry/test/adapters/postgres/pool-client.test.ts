import pg from 'pg';
import { LeaseEndedError } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants, WHOSE } from './tenants.js';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);

  const named = async () => {
    const tenancy = await tenants.open();
    return { tenancy, pool: pgPool(tenancy, { tenant: tenants.a }) };
  };

  describe('a client of a pool', () => {
    it('is taken and given back, by promise and by callback', async () => {
      const { pool } = await named();
      const client = await pool.connect();
      expectTypeOf(client).toEqualTypeOf<pg.PoolClient>();
      expect(client).toBeInstanceOf(pg.Client);
      expect((await client.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
      client.release();
      const rows = await new Promise((resolve, reject) => {
        const nothing = pool.connect((error, taken, done) => {
          if (error || !taken) return reject(error);
          taken.query(WHOSE, (_, result) => {
            done();
            resolve(result.rows);
          });
        });
        expect(nothing).toBeUndefined();
      });
      expect(rows).toEqual([{ text: tenants.a }]);
      expect(pool.totalCount).toBe(0);
    });

    it('carries a transaction', async () => {
      const { tenancy, pool } = await named();
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query("INSERT INTO notes VALUES (2, 'inside')");
      expect((await pool.query('SELECT * FROM notes WHERE id = 2')).rows).toEqual([]);
      await client.query('COMMIT');
      client.release();
      expect((await pool.query('SELECT * FROM notes WHERE id = 2')).rows).toHaveLength(1);
      await pool.query('DELETE FROM notes WHERE id = 2');
      expect(tenancy.stats().servers.main?.totals.doubtful).toBe(0);
    });

    it('ends with its release, and says so at each later one', async () => {
      const { pool } = await named();
      const client = await pool.connect();
      const { release } = client;
      client.release();
      for (let i = 0; i < 2; i++) {
        expect(() => client.release()).toThrow(LeaseEndedError);
        expect(() => release()).toThrow(LeaseEndedError);
        expect(() => client.query('SELECT 1')).toThrow(LeaseEndedError);
      }
      await new Promise<void>((resolve) => {
        pool.connect((_, __, done) => {
          done();
          expect(() => done()).toThrow(LeaseEndedError);
          resolve();
        });
      });
      expect(pool.totalCount).toBe(0);
    });

    it('leaves a connection behind that is closed after an error was given, a transaction or a statement under way', async () => {
      const { tenancy, pool } = await named();
      const opened = () => tenancy.stats().servers.main?.totals.opened;
      const lost: Promise<unknown>[] = [];
      const ways: ((client: pg.PoolClient) => unknown)[] = [
        (client) => client.release(new Error('given')),
        (client) => client.release(true),
        (client) => client.query('BEGIN').then(() => client.release()),
        (client) => {
          lost.push(client.query('SELECT pg_sleep(60)').catch(() => {}));
          client.release();
        },
        (client) => {
          void client.end();
          client.release();
        },
      ];
      for (const [index, way] of ways.entries()) {
        expect(opened()).toBe(index);
        await way(await pool.connect());
      }
      await pool.query('SELECT 1');
      expect(opened()).toBe(ways.length + 1);
      await Promise.all(lost);
    });

    it('leaves nothing in its session for the next', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const client = await pool.connect();
      await client.query("SET application_name = 'left'");
      client.release();
      expect((await pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'tenantry' }]);
      await pool.query("SET application_name = 'left'");
      expect((await pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'tenantry' }]);
    });

    it('meets a statement that its tenant prepared, and no other tenant does', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy);
      const prepared = { name: 'same name', text: WHOSE };
      const ask = async () => {
        const { rows } = await pool.query(prepared);
        const { rows: known } = await pool.query('SELECT count(*)::int AS n FROM pg_prepared_statements');
        return [rows[0].text, known[0].n];
      };
      for (const tenant of [tenants.a, tenants.b, tenants.a]) {
        expect(await tenancy.run(tenant, async () => [await ask(), await ask()])).toEqual([
          [tenant, 1],
          [tenant, 1],
        ]);
      }
    });

    it('is the driver own where raw is asked for, and its connection serves nobody else', async () => {
      const tenancy = await tenants.open();
      const pool = pgPool(tenancy, { tenant: tenants.a, raw: true });
      const client = await pool.connect();
      const other = await pool.connect();
      client.release();
      other.release();
      expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
      expect(tenancy.stats().servers.main?.totals).toMatchObject({ opened: 3, leases: 3 });
    });
  });

  describe('the events and counters of a pool', () => {
    it('tell of each client as of a new one', async () => {
      const { pool } = await named();
      const clients: pg.PoolClient[] = [];
      const told: unknown[] = [];
      for (const event of ['connect', 'acquire', 'release', 'remove', 'error'] as const) {
        pool.on(event, (...args: unknown[]) =>
          told.push([event, ...args.map((arg) => clients.indexOf(arg as pg.PoolClient))]),
        );
      }
      pool.prependListener('connect', (client) => clients.push(client));
      const client = await pool.connect();
      expect(clients[0]).toBe(client);
      client.release();
      const life = ['connect', 'acquire', 'release', 'remove'];
      expect(told).toEqual([
        ['connect', 0],
        ['acquire', 0],
        ['release', -1, 0],
        ['remove', 0],
      ]);
      await pool.query('SELECT 1');
      await expect(pool.query('SELECT 1 / 0')).rejects.toThrow(/zero/);
      expect(told.flat().filter((part) => typeof part === 'string')).toEqual([...life, ...life, ...life]);
      const problem = new Error('problem');
      const reason = new Promise((resolve) => pool.once('release', resolve));
      (await pool.connect()).release(problem);
      expect(await reason).toBe(problem);
    });

    it('let a listener set each session up', async () => {
      const { pool } = await named();
      pool.on('connect', (client) => void client.query("SET application_name = 'set up'"));
      for (let i = 0; i < 3; i++) {
        expect((await pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'set up' }]);
      }
    });

    it('give the connection back where a listener throws', async () => {
      const { tenancy, pool } = await named();
      const problem = new Error('of a listener');
      const fail = () => {
        throw problem;
      };
      pool.once('acquire', fail);
      await expect(pool.connect()).rejects.toThrow(problem);
      pool.once('release', fail);
      const client = await pool.connect();
      expect(() => client.release()).toThrow(problem);
      expect(pool.totalCount).toBe(0);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it('count what is taken and who waits, of this pool alone', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const other = pgPool(tenancy, { tenant: tenants.b });
      const counts = (counted: pg.Pool) => [
        counted.totalCount,
        counted.idleCount,
        counted.waitingCount,
        counted.expiredCount,
      ];
      expect(counts(pool)).toEqual([0, 0, 0, 0]);
      const client = await pool.connect();
      const waiting = pool.connect();
      expect(counts(pool)).toEqual([1, 0, 1, 0]);
      expect(counts(other)).toEqual([0, 0, 0, 0]);
      client.release();
      (await waiting).release();
      expect(counts(pool)).toEqual([0, 0, 0, 0]);
    });
  });
});
