import { once } from 'node:events';
import type { Pool, PoolConnection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mysqlDriver, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { useTenants, WHO } from './tenants.js';

// What mysql2's own tests of its pool show, by the same titles in docs/pool-parity.md.

onEngine('mysql', (engine) => {
  const test = useTenants(engine, { maxConnections: 2 });
  const open = () => mysqlPool(test.tenancy, { tenant: test.a });
  const isQuiet = () => expect.poll(() => test.inUse()).toBe(0);
  const checkOut = (pool: Pool) =>
    new Promise<PoolConnection>((resolve, reject) => {
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });

  describe('methods of the pool, of its promise() and of createPoolPromise', () => {
    it('escape, escapeId, format', () => {
      const pools = [open(), open().promise(), mysqlDriver(test.tenancy).createPoolPromise()];
      for (const pool of pools) {
        expect(pool.escape(123)).toBe('123');
        expect(pool.escapeId('table name')).toBe('`table name`');
        expect(pool.format('SELECT a FROM ?? WHERE b = ?', ['table name', 'thing'])).toBe(
          "SELECT a FROM `table name` WHERE b = 'thing'",
        );
      }
    });
  });

  describe('release', () => {
    it('gives connections back to the pool, whatever became of the statements', async () => {
      const pool = open();
      const { opened } = test.totals();
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => pool.query('test sql', resolve));
        await new Promise((resolve) => pool.query('test sql', [], resolve));
        await once(pool.query('test sql'), 'error').catch((error) => error);
        await new Promise((resolve) => pool.execute('test sql', resolve));
        await new Promise((resolve) => pool.execute('test sql', [], resolve));
      }
      await isQuiet();
      expect(test.totals().opened).toBe(opened);
    });

    it('is idempotent, also while others wait', async () => {
      const pool = open();
      const first = await checkOut(pool);
      const waiting = [checkOut(pool), checkOut(pool)];
      first.release();
      first.release();
      const second = await waiting[0];
      first.release();
      expect((await second?.promise().query(WHO))?.[0]).toEqual([{ name: test.a }]);
      second?.release();
      (await waiting[1])?.release();
      await isQuiet();
    });

    it('works through releaseConnection, of the pool and of its promise(), through end and through using', async () => {
      const pool = open();
      pool.releaseConnection(await checkOut(pool));
      const promise = pool.promise();
      promise.releaseConnection(await promise.getConnection());
      (await checkOut(pool)).end();
      await (await promise.getConnection())[Symbol.asyncDispose]();
      (await checkOut(pool))[Symbol.dispose]();
      await isQuiet();
    });

    it('accumulates no listeners', async () => {
      const pool = open();
      for (let i = 0; i < 5; i++) await pool.promise().query('SELECT 1');
      const connection = await checkOut(pool);
      expect(connection.listenerCount('error')).toBe(2);
      expect(connection.listenerCount('connect')).toBe(0);
      connection.release();
    });
  });

  describe('a connection that ends', () => {
    it('destroyed by its holder, makes place for the next', async () => {
      const pool = open().promise();
      (await pool.getConnection()).destroy();
      (await pool.getConnection()).release();
      await isQuiet();
    });

    it('killed while idle, is never given out', async () => {
      const pool = open();
      const connection = await checkOut(pool);
      const { threadId } = connection;
      connection.release();
      await test.tenancy.central.query(`KILL ${threadId}`);
      await expect.poll(() => test.tenancy.stats().servers.main?.idle).toBe(0);
      for (let i = 0; i < 3; i++) expect((await pool.promise().query(WHO))[0]).toEqual([{ name: test.a }]);
      const next = await checkOut(pool);
      expect(next.threadId).not.toBe(threadId);
      next.release();
    });

    it('killed while held, takes no place any more', async () => {
      const pool = open();
      const connection = await checkOut(pool);
      const ended = new Promise((resolve) => connection.once('error', resolve));
      await test.tenancy.central.query(`KILL ${connection.threadId}`);
      expect(await ended).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
      await isQuiet();
      expect((await pool.promise().query(WHO))[0]).toHaveLength(1);
    });
  });

  describe('errors', () => {
    const params = [{ a: 1 }];

    it('of sending go to the callback', async () => {
      const error = await new Promise((resolve) => open().query('SELECT ?', params, resolve));
      expect(error).toMatchObject({ code: 'TENANTRY_INVALID_PARAMETER' });
      await isQuiet();
    });

    it('of sending are emitted without a callback', async () => {
      const [error] = await once(open().query('SELECT ?', params), 'nothing').catch((failure) => [failure]);
      expect(error).toMatchObject({ code: 'TENANTRY_INVALID_PARAMETER' });
      await isQuiet();
    });

    it('of bindings of execute go to the callback', async () => {
      const error = await new Promise((resolve) => open().execute('SELECT ?', [undefined] as never, resolve));
      expect(error).toBeInstanceOf(TypeError);
      await isQuiet();
    });

    it('refuse callbacks in the promise pool', () => {
      const callback = (() => {}) as never;
      expect(() => open().promise().query('SELECT 1', callback)).toThrow(
        'Callback function is not available',
      );
    });
  });

  describe('the promise pool', () => {
    it('takes objects with sql and values, for query and execute', async () => {
      const pool = open().promise();
      expect((await pool.query({ sql: 'select ?-? as ttt', values: [5, 2] }))[0]).toEqual([{ ttt: 3 }]);
      expect((await pool.execute({ sql: 'select ?-? as ttt', values: [8, 5] }))[0]).toEqual([{ ttt: 3 }]);
      expect(pool.query('SELECT 1')).toBeInstanceOf(Promise);
    });

    it('tells of events, and only of its own listeners', async () => {
      const pool = open();
      const promise = pool.promise();
      expect(pool.listenerCount('acquire')).toBe(0);
      const acquired = once(promise, 'acquire');
      expect(pool.listenerCount('acquire')).toBe(1);
      await promise.query(WHO);
      await acquired;
      expect(pool.listenerCount('acquire')).toBe(0);
    });

    it('can disable named placeholders for one statement', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a, namedPlaceholders: true }).promise();
      expect((await pool.query('SELECT :a AS a', { a: 1 }))[0]).toEqual([{ a: 1 }]);
      expect((await pool.query({ sql: 'SELECT ? AS a', namedPlaceholders: false }, [2]))[0]).toEqual([
        { a: 2 },
      ]);
    });

    it('ends itself at the end of its block', async () => {
      const pool = open();
      await pool.promise()[Symbol.asyncDispose]();
      pool[Symbol.dispose]();
      await expect(pool.promise().query(WHO)).rejects.toThrow('Pool is closed.');
    });
  });

  describe('a server that takes no writes', () => {
    it('loses the connection, so that the next is opened anew', async () => {
      const pool = open().promise();
      const before = test.totals();
      const sql = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'read-only'";
      await expect(pool.query(sql)).rejects.toMatchObject({ errno: 1290 });
      await isQuiet();
      await pool.query(WHO);
      expect(test.totals().opened).toBe((before.opened ?? 0) + 1);
    });
  });
});
