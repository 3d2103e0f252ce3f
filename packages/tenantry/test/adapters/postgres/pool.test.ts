import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import {
  ClosedError,
  InvalidOptionError,
  InvalidParameterError,
  NoTenantError,
  PoolTimeoutError,
  UnknownTenantError,
} from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { TenantRef } from '../../../src/tenant/ref.js';
import { Portal } from '../../engines/postgres/portal.js';
import { useTenants, WHOSE } from './tenants.js';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);

  const named = async () => {
    const tenancy = await tenants.open();
    return { tenancy, pool: pgPool(tenancy, { tenant: tenants.a }) };
  };

  describe('the pool of a tenant', () => {
    it('is a pg.Pool', async () => {
      const { pool } = await named();
      expect(pool).toBeInstanceOf(pg.Pool);
      expect(pool.constructor.name).toContain('Pool');
      expectTypeOf(pool).toEqualTypeOf<pg.Pool>();
      expectTypeOf(() => pool.connect()).returns.toEqualTypeOf<Promise<pg.PoolClient>>();
      expectTypeOf(() => pool.query<{ id: number }>('SELECT 1')).returns.toEqualTypeOf<
        Promise<pg.QueryResult<{ id: number }>>
      >();
      expectTypeOf<Parameters<typeof pgPool>[1]>().toEqualTypeOf<
        | {
            readonly tenant?: TenantRef;
            readonly raw?: boolean | undefined;
            readonly queryMs?: number | undefined;
            readonly transactionMs?: number | undefined;
          }
        | undefined
      >();
    });

    it('runs a statement in each form of a promise', async () => {
      const { pool } = await named();
      expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
      expect((await pool.query('SELECT $1::int AS n', [1])).rows).toEqual([{ n: 1 }]);
      expect((await pool.query({ text: 'SELECT $1::int AS n', values: [2] })).rows).toEqual([{ n: 2 }]);
      expect((await pool.query({ text: 'SELECT $1::int', values: [3], rowMode: 'array' })).rows).toEqual([
        [3],
      ]);
      const byName = { name: 'by name', text: 'SELECT $1::int AS n' };
      expect((await pool.query(byName, [4])).rows).toEqual([{ n: 4 }]);
      expect((await pool.query({ ...byName, values: [5] })).rows).toEqual([{ n: 5 }]);
    });

    it('runs a statement in each form of a callback, and gives no promise then', async () => {
      const { pool } = await named();
      type Done = (error: Error, result: pg.QueryResult) => void;
      const rows = (run: (done: Done) => unknown) =>
        new Promise((resolve, reject) => {
          expect(run((error, result) => (error ? reject(error) : resolve(result.rows)))).toBeUndefined();
        });
      expect(await rows((done) => pool.query('SELECT 1 AS n', done))).toEqual([{ n: 1 }]);
      expect(await rows((done) => pool.query('SELECT $1::int AS n', [2], done))).toEqual([{ n: 2 }]);
      expect(await rows((done) => pool.query({ text: 'SELECT 3 AS n' }, done))).toEqual([{ n: 3 }]);
      await expect(rows((done) => pool.query('SELEC', done))).rejects.toThrow(/syntax/);
    });

    it('takes a query object, also one that has a callback', async () => {
      const { pool } = await named();
      // As pg's pool: its types say that the query itself comes back, and it is a promise of the result.
      const run = (query: pg.Query) => pool.query(query) as unknown as Promise<pg.QueryResult>;
      expect((await run(new pg.Query('SELECT 1 AS n'))).rows).toEqual([{ n: 1 }]);
      let called: unknown;
      await run(
        new pg.Query('SELECT 2 AS n', (_, { rows }) => {
          called = rows;
        }),
      );
      expect(called).toEqual([{ n: 2 }]);
      expect(pool.totalCount).toBe(0);
    });

    it('refuses a cursor, which would keep the client for ever', async () => {
      const { pool } = await named();
      await expect(pool.query(new Portal('SELECT 1', 1))).rejects.toThrow(InvalidParameterError);
    });

    it('refuses a function in place of a statement, and tells it', async () => {
      const { pool } = await named();
      const told = new Promise((resolve) => Reflect.apply(pool.query, pool, [resolve]));
      expect(await told).toBeInstanceOf(InvalidParameterError);
      await expect(Reflect.apply(pool.query, pool, [null])).rejects.toThrow(TypeError);
      expect(pool.totalCount).toBe(0);
    });

    it('gives the driver own errors, as the driver does', async () => {
      const { pool } = await named();
      const error = await pool.query('SELECT * FROM nothing').catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(pg.DatabaseError);
      expect(error).toMatchObject({ code: '42P01' });
      expect((error as Error).stack).toContain('tenant-pool');
    });

    it('keeps its connections through any number of failed statements', async () => {
      const { tenancy, pool } = await named();
      for (let i = 0; i < 20; i++) await expect(pool.query('SELECT 1 / 0')).rejects.toThrow(/zero/);
      expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
      expect(tenancy.stats().servers.main?.totals.opened).toBe(1);
    });

    it('costs a statement one round trip, as the driver does', async () => {
      const { query, sync } = pg.Connection.prototype;
      /** What each connection asked the server to answer. */
      const asked = new Map<pg.Connection, string[]>();
      const note = (connection: pg.Connection, what: string) =>
        asked.set(connection, [...(asked.get(connection) ?? []), what]);
      pg.Connection.prototype.query = function (text) {
        note(this, text);
        query.call(this, text);
      };
      pg.Connection.prototype.sync = function () {
        note(this, 'sync');
        sync.call(this);
      };
      try {
        const { pool } = await named();
        await pool.query('SELECT 1');
        await pool.query('SELECT 2');
        await pool.query('SELECT $1::int', [3]);
        await pool.query('SELECT 4');
        const [ours] = [...asked.values()].filter((messages) => messages.includes('SELECT 1'));
        expect(ours?.slice(ours.indexOf('SELECT 1'))).toEqual(['SELECT 1', 'SELECT 2', 'sync', 'SELECT 4']);
      } finally {
        Object.assign(pg.Connection.prototype, { query, sync });
      }
    });
  });

  describe('an ambient pool', () => {
    it('goes to the tenant of the context at the call', async () => {
      const tenancy = await tenants.open();
      const pool = pgPool(tenancy);
      const whose = () => pool.query(WHOSE).then(({ rows }) => rows[0].text);
      const { a, b } = tenants;
      const names = Array.from({ length: 40 }, (_, i) => (i % 2 ? a : b));
      expect(await Promise.all(names.map((name) => tenancy.run(name, whose)))).toEqual(names);
    });

    it('knows the tenant at the call, whatever the context is when its turn comes', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy);
      const { a, b } = tenants;
      const blocker = await tenancy.run(a, () => pool.connect());
      // Two tenants in one tick, resumed together.
      let resume: () => void = () => {};
      const shared = new Promise<void>((resolve) => {
        resume = resolve;
      });
      const whose = (client: pg.PoolClient) =>
        client.query(WHOSE).then(({ rows }) => {
          client.release();
          return rows[0].text;
        });
      const answers = [a, b].map((name) =>
        tenancy.run(name, async () => {
          await shared;
          const query = pool.query(WHOSE).then(({ rows }) => rows[0].text);
          const taken = pool.connect().then(whose);
          return Promise.all([query, taken]);
        }),
      );
      resume();
      await tenancy.run(b, () => blocker.release());
      expect(await Promise.all(answers)).toEqual([
        [a, a],
        [b, b],
      ]);
    });

    it('calls back in the context of its caller', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy);
      const request = new AsyncLocalStorage<number>();
      const { a, b } = tenants;
      const names = Array.from({ length: 10 }, (_, i) => (i % 2 ? a : b));
      const seen = await Promise.all(
        names.map((name, index) =>
          request.run(index, () =>
            tenancy.run(
              name,
              () =>
                new Promise((resolve) => {
                  const here = () => [request.getStore(), tenancy.session().tenant];
                  pool.query(WHOSE, (_, { rows }) => {
                    pool.connect((__, client, done) => {
                      const connected = here();
                      client?.query('SELECT 1 / 0', () => {
                        done();
                        resolve([rows[0].text, connected, here()]);
                      });
                    });
                  });
                }),
            ),
          ),
        ),
      );
      expect(seen).toEqual(names.map((name, index) => [name, [index, name], [index, name]]));
    });

    it('refuses to work without a tenant, before any I/O', async () => {
      const tenancy = await tenants.open();
      const pool = pgPool(tenancy);
      await expect(pool.query('SELECT 1')).rejects.toThrow(NoTenantError);
      await expect(pool.connect()).rejects.toThrow(NoTenantError);
      expect(await new Promise((resolve) => pool.query('SELECT 1', resolve))).toBeInstanceOf(NoTenantError);
      const refused = await new Promise<unknown[]>((resolve) => {
        pool.connect((...args) => resolve(args));
      });
      expect(refused).toEqual([expect.any(NoTenantError), undefined, expect.any(Function)]);
      expect(tenancy.stats().servers.main).toMatchObject({ totals: { leases: 0, waits: 0, opened: 0 } });
    });

    it('is not made by an undefined tenant', async () => {
      const tenancy = await tenants.open();
      for (const tenant of [undefined, '', null, 5]) {
        const make = () => Reflect.apply(pgPool, undefined, [tenancy, { tenant }]);
        expect(make, String(tenant)).toThrow(InvalidOptionError);
      }
    });
  });

  describe('a pool that cannot serve', () => {
    it('says why, as a session does', async () => {
      // Long enough to connect on a busy machine, and waited for once.
      const tenancy = await tenants.open({ maxConnections: 1, timeouts: { acquireMs: 2000 } });
      await expect(pgPool(tenancy, { tenant: 'nobody' }).connect()).rejects.toThrow(UnknownTenantError);
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const client = await pool.connect();
      const waiting = [pool.connect(), pool.query('SELECT 1')];
      for (const waiter of waiting) await expect(waiter).rejects.toThrow(PoolTimeoutError);
      expect([pool.totalCount, pool.waitingCount]).toEqual([1, 0]);
      client.release();
      expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
    });

    it('never calls back before it returns', async () => {
      const tenancy = await tenants.open();
      const pool = pgPool(tenancy);
      let calls = 0;
      const called = new Promise<void>((resolve) => {
        pool.connect(() => {
          calls++;
          resolve();
        });
      });
      expect(calls).toBe(0);
      await called;
    });
  });

  describe('the end of a pool', () => {
    it('is that of the pool, and of no connection', async () => {
      const { tenancy, pool } = await named();
      await pool.query('SELECT 1');
      await pool.end();
      expect([pool.ending, pool.ended]).toEqual([true, true]);
      const other = pgPool(tenancy, { tenant: tenants.a });
      expect((await other.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
      expect(tenancy.stats().servers.main?.totals.opened).toBe(1);
    });

    it('waits for those who were there before it', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const client = await pool.connect();
      const queries = Array.from({ length: 20 }, () => pool.query(WHOSE));
      let isOver = false;
      const end = pool.end().then(() => {
        isOver = true;
      });
      await client.query('SELECT 1');
      expect([isOver, pool.ended]).toEqual([false, false]);
      client.release();
      await end;
      expect((await Promise.all(queries)).map(({ rows }) => rows[0].text)).toEqual(
        queries.map(() => tenants.a),
      );
    });

    it('refuses what comes after it, by promise and by callback', async () => {
      const { pool } = await named();
      expect(pool.end(() => {})).toBeUndefined();
      for (const attempt of [() => pool.end(), () => pool.connect(), () => pool.query('SELECT 1')]) {
        await expect(attempt()).rejects.toThrow(ClosedError);
      }
      type Callback = (error?: unknown) => void;
      for (const attempt of [
        (done: Callback) => pool.end(done),
        (done: Callback) => pool.connect(done),
        (done: Callback) => pool.query('SELECT 1', done),
      ]) {
        expect(await new Promise(attempt)).toBeInstanceOf(ClosedError);
      }
    });

    it('comes to the callback of a pool that was never used', async () => {
      const { pool } = await named();
      expect(await new Promise((resolve) => pool.end(() => resolve('ended')))).toBe('ended');
    });
  });
});
