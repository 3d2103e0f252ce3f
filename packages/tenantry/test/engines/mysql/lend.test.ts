import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { PoolConnection } from 'mysql2';
import { describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { classifyError } from '../../../src/engines/mysql/errors.js';
import { LeaseEndedError } from '../../../src/errors.js';
import { borrow, useTwoDatabases, WHO } from './borrow.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  async function lent() {
    const { connection } = await borrow(test.url, tenants.a);
    const { client, revoke } = connection.lend();
    return { connection, client: client as PoolConnection, revoke };
  }

  describe('a lent client', () => {
    it('costs no reset for plain statements, prepared ones included', async () => {
      const { connection, client, revoke } = await lent();
      await client.promise().query(WHO);
      await client.promise().query('SELECT name FROM who WHERE name = ?', ["it's \\ quoted"]);
      await client.promise().execute('SELECT name FROM who WHERE name = ?', [tenants.a]);
      await client.promise().beginTransaction();
      await client.promise().rollback();
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, false]);
    });

    it.each([
      ['a variable', 'SET @a = 1'],
      ['a lock', "DO GET_LOCK('lent', 0)"],
      ['a temporary table', 'CREATE TEMPORARY TABLE lent_table (a INT)'],
      ['another database', 'USE mysql'],
    ])('is reset before anybody else gets it: %s', async (_what, sql) => {
      const { connection, client, revoke } = await lent();
      await client.promise().query(sql);
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, true]);
      await connection.reset();
      expect((await connection.query('SELECT DATABASE() AS name, @a AS a')).rows).toEqual([
        { name: tenants.a, a: null },
      ]);
    });

    it('ends once: a later end of whoever had it does nothing to who has it then', async () => {
      const { connection, client, revoke } = await lent();
      const dispose = client[Symbol.dispose].bind(client);
      const destroy = client.destroy.bind(client);
      revoke();
      const next = connection.lend().client as PoolConnection;
      const released = vi.fn();
      Object.assign(next, { release: released });
      dispose();
      destroy();
      client[Symbol.dispose]();
      client.release();
      client.destroy();
      (client as unknown as { close(): void }).close();
      await new Promise<void>((resolve) => client.end(() => resolve()));
      expect(released).not.toHaveBeenCalled();
      expect((await next.promise().query(WHO))[0]).toEqual([{ name: tenants.a }]);
    });

    it('shows how many statements are prepared, and no way to them, for others are prepared there later', async () => {
      const { client, revoke } = await lent();
      await client.promise().execute(WHO);
      const kept = Reflect.get(client, '_statements') as { size: number };
      expect({ ...kept }).toEqual({ size: 1 });
      expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
      revoke();
    });

    it('has a configuration of its own, whatever it inherits from', async () => {
      const { connection, client, revoke } = await lent();
      for (let each: object = client.config; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
        Reflect.set(each, 'rowsAsArray', true, each);
        Reflect.set(each, 'queryFormat', () => 'SELECT 666 AS name', each);
      }
      revoke();
      const next = connection.lend().client as PoolConnection;
      expect((await next.promise().query('SELECT ? AS name', [1]))[0]).toEqual([{ name: 1 }]);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
    });

    it('is neither alive nor a sender once its driver takes no command, before the socket tells of an end', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      const { client } = connection.lend({ raw: true });
      expect(connection.sender()).toBeDefined();
      (client as unknown as { _handleFatalError(error: Error): void })._handleFatalError(new Error('cut'));
      expect([connection.isAlive(), connection.isClean(), connection.sender()]).toEqual([
        false,
        false,
        undefined,
      ]);
      expect(classifyError(await failure(connection.query(WHO)))).toBe('connection-lost');
      const refused = await new Promise((told) => (client as PoolConnection).query(WHO, told));
      expect(classifyError(refused)).toBe('connection-lost');
      connection.destroy();
    });

    it('is not clean while anything of it is under way', async () => {
      for (const begin of [
        (client: PoolConnection) => client.query('SELECT SLEEP(0.05)', () => {}),
        (client: PoolConnection) => client.execute('SELECT SLEEP(0.05)', () => {}),
        (client: PoolConnection) => client.ping(() => {}),
        (client: PoolConnection) => {
          client
            .query('SELECT seq FROM seq_1_to_9000')
            .stream({ highWaterMark: 1 })
            .once('data', () => {});
        },
        (client: PoolConnection) => client.pause(),
        (client: PoolConnection) => client.end(),
        (client: PoolConnection) => client.destroy(),
      ]) {
        const { connection, client, revoke } = await lent();
        begin(client);
        revoke();
        expect(connection.isClean()).toBe(false);
        connection.destroy();
      }
    });

    it('is not clean in a transaction, also after a failure in it', async () => {
      const { connection, client, revoke } = await lent();
      await client.promise().beginTransaction();
      await failure(client.promise().query('SELECT * FROM missing'));
      await failure(client.promise().query('SELECT * FROM missing'));
      revoke();
      expect(connection.isClean()).toBe(false);
    });

    it('is proved at the server after a failure, for a procedure may have begun a transaction', async () => {
      await test.admin(`CREATE PROCEDURE \`${tenants.a}\`.begins() BEGIN
        START TRANSACTION; UPDATE who SET name = name; SELECT * FROM missing; END`);
      const { connection, client, revoke } = await lent();
      await failure(client.promise().query('CALL begins()'));
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, true]);
      await connection.reset();
      expect(connection.isClean()).toBe(true);
      await test.admin(
        `SET STATEMENT innodb_lock_wait_timeout = 1 FOR UPDATE \`${tenants.a}\`.who SET name = name`,
      );
    });

    it('is not clean where a typeCast threw in the middle of the rows', async () => {
      const { connection, client, revoke } = await lent();
      const typeCast = () => {
        throw new Error('no cast');
      };
      await failure(client.promise().query({ sql: 'SELECT seq FROM seq_1_to_2000', typeCast }));
      revoke();
      expect(connection.isClean()).toBe(false);
    });

    it('tells of its events in the context of whoever asked, also for errors', async () => {
      const { client } = await lent();
      const context = new AsyncLocalStorage<number>();
      const seen: unknown[] = [];
      const note = () => seen.push(context.getStore());
      const done = [1, 2].map((n) =>
        context.run(n, () => {
          client.query(WHO, note);
          client.query('NONSENSE', note);
          client.execute(WHO, note);
          client.execute('NONSENSE', note);
          client.prepare(WHO, (_error, statement) => {
            note();
            statement.execute([], note);
          });
          client.query(WHO).on('result', note);
          return once(client.query('SELECT 1').on('result', note), 'end');
        }),
      );
      await Promise.all(done);
      await expect.poll(() => seen.filter((n) => n === 1).length).toBe(8);
      expect(seen.filter((n) => n === 2)).toHaveLength(8);
    });

    it('hands on what a callback throws to the application, and goes on', async () => {
      const { connection, client, revoke } = await lent();
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const caught = new Promise((resolve) => process.once('uncaughtException', resolve));
      client.query('NONSENSE', () => {
        throw new Error('of the application');
      });
      expect(await caught).toMatchObject({ message: 'of the application' });
      for (const listener of listeners) process.on('uncaughtException', listener);
      revoke();
      expect(connection.isAlive()).toBe(true);
    });

    it('ends with what was made of it: methods that were kept, statements, the socket, a promise', async () => {
      const { connection, client, revoke } = await lent();
      const { query, stream } = client as unknown as {
        query(sql: string): void;
        stream: { write(text: string): void };
      };
      const promise = client.promise();
      const statement = await promise.prepare(WHO);
      const raw = await new Promise<{ execute(values: unknown[]): void; close(): void }>((resolve, reject) =>
        client.prepare(WHO, (error, prepared) => (error ? reject(error) : resolve(prepared))),
      );
      revoke();
      connection.rebind(tenants.b);
      expect(() => query(WHO)).toThrow(LeaseEndedError);
      expect(() => promise.query(WHO)).toThrow(LeaseEndedError);
      expect(() => raw.execute([])).toThrow(LeaseEndedError);
      expect(() => raw.close()).toThrow(LeaseEndedError);
      await expect(async () => statement.execute([])).rejects.toThrow(LeaseEndedError);
      expect(() => stream.write('x')).toThrow(LeaseEndedError);
      expect(() => client.threadId).toThrow(LeaseEndedError);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
    });

    it('prepares anew after a move, so that nothing answers from the old database', async () => {
      const { connection, client, revoke } = await lent();
      expect((await client.promise().execute(WHO))[0]).toEqual([{ name: tenants.a }]);
      revoke();
      connection.rebind(tenants.b);
      const next = connection.lend();
      expect((await (next.client as PoolConnection).promise().execute(WHO))[0]).toEqual([
        { name: tenants.b },
      ]);
      next.revoke();
    });

    it('is closed when it comes back, where its inner life was touched', async () => {
      for (const reach of [
        (client: object) => Reflect.get(client, 'write'),
        (client: object) => Reflect.get(client, '_commands'),
        (client: object) => Reflect.get(Reflect.get(client, 'stream') as object, 'write'),
      ]) {
        const { connection, client, revoke } = await lent();
        reach(client);
        revoke();
        expect(connection.isClean()).toBe(false);
      }
    });

    it('keeps its own listeners, whatever the borrower removes', async () => {
      const { connection, client, revoke } = await lent();
      client.removeAllListeners();
      const before = client.listenerCount('error');
      client.on('error', () => {});
      revoke();
      expect(connection.isClean()).toBe(true);
      const lost = new Promise((resolve) => connection.onLost(resolve));
      const next = connection.lend().client as PoolConnection;
      expect(next.listenerCount('error')).toBe(before);
      await test.admin(`KILL ${next.threadId}`);
      await lost;
    });
  });
});
