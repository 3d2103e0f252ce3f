import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import pg from 'pg';
import QueryStream from 'pg-query-stream';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { LeaseEndedError } from '../../../src/errors.js';
import { Portal } from './portal.js';
import { failure, until, useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();

  const lend = async (connection?: PostgresConnection) => {
    const lender = connection ?? (await test.open());
    const { client, revoke } = lender.lend();
    return { connection: lender, client: client as pg.Client, revoke };
  };

  /** What a connection is after something was done with its client, and the client given back. */
  const broughtBack = async (use: (client: pg.Client) => unknown) => {
    const { connection, client, revoke } = await lend();
    await use(client);
    revoke();
    return { isClean: connection.isClean(), isTouched: connection.isTouched() };
  };
  const KEPT = { isClean: true, isTouched: false };
  const RESET = { isClean: true, isTouched: true };
  const CLOSED = expect.objectContaining({ isClean: false });

  describe('a client that is lent', () => {
    it('is the driver own, by its class and in what it does', async () => {
      const { client } = await lend();
      expect(client).toBeInstanceOf(pg.Client);
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect((await client.query('SELECT $1::int AS n', [2])).rows).toEqual([{ n: 2 }]);
      expect((await client.query({ text: 'SELECT 3', rowMode: 'array' })).rows).toEqual([[3]]);
      const called = await new Promise((resolve) => {
        client.query('SELECT 4 AS n', (_, { rows }) => resolve(rows));
      });
      expect(called).toEqual([{ n: 4 }]);
      expect(client.getTransactionStatus()).toBe('I');
      expect(client.escapeIdentifier('a"b')).toBe('"a""b"');
      expect(client.database).toBe(test.database);
    });

    it.each([
      ['a result', async (client: pg.Client) => client.query("SELECT 'a' AS name")],
      [
        'a result of a query with parameters',
        async (client: pg.Client) => client.query('SELECT $1::text AS name', ['a']),
      ],
      [
        'a stream',
        async (client: pg.Client) => {
          const stream = client.query(new QueryStream("SELECT 'a' AS name"));
          for await (const row of stream) expect(row).toEqual({ name: 'a' });
          return Reflect.get(Reflect.get(stream, 'cursor') as object, '_result') as unknown;
        },
      ],
    ])('cannot be read along by who keeps %s of it', async (_, keep) => {
      const { connection, client, revoke } = await lend();
      const kept = (await keep(client)) as { readonly _types: { setTypeParser(...args: unknown[]): void } };
      revoke();
      expect(connection.isClean()).toBe(true);
      const seen: unknown[] = [];
      const see = (value: unknown) => seen.push(value);
      const attempts = [
        () => kept._types.setTypeParser(25, see),
        () => kept._types.setTypeParser(25, 'binary', see),
        () => Object.assign(kept._types, { getTypeParser: () => see }),
      ];
      for (const attempt of attempts) expect(attempt).toThrow(TypeError);
      expect((await connection.query("SELECT 'b' AS name")).rows).toEqual([{ name: 'b' }]);
      expect(seen).toEqual([]);
    });

    it('reads values as it was told, and serves nobody else then', async () => {
      const { connection, client, revoke } = await lend();
      client.setTypeParser(25, (value) => `read: ${value}`);
      expect((await client.query("SELECT 'a' AS name")).rows).toEqual([{ name: 'read: a' }]);
      revoke();
      expect(connection.isClean()).toBe(false);
    });

    it('takes a callback in each of its places', async () => {
      const { client } = await lend();
      const rows = (run: (done: (error: Error, result: pg.QueryResult) => void) => void) =>
        new Promise((resolve, reject) => {
          run((error, result) => (error ? reject(error) : resolve(result.rows)));
        });
      expect(await rows((done) => client.query('SELECT $1::int AS n', [1], done))).toEqual([{ n: 1 }]);
      const config = { text: 'SELECT 2 AS n' };
      expect(await rows((callback) => void client.query({ ...config, callback } as pg.QueryConfig))).toEqual([
        { n: 2 },
      ]);
      await expect(rows((done) => client.query('SELEC', done))).rejects.toThrow(/syntax/);
    });

    it('throws at every use when it was given back, and so does what was kept of it', async () => {
      const { client, revoke } = await lend();
      const { query } = client;
      const kept = { on: client.on, escape: client.escapeLiteral };
      revoke();
      for (const use of [
        () => client.query('SELECT 1'),
        () => client.database,
        () => client.on('end', () => {}),
        () => query('SELECT 1'),
        () => kept.on('end', () => {}),
        () => kept.escape(''),
        () => {
          client.database = 'x';
        },
      ]) {
        expect(use).toThrow(LeaseEndedError);
      }
    });

    it('is kept with its session after plain statements, in whatever form', async () => {
      expect(
        await broughtBack(async (client) => {
          await client.query('BEGIN');
          await client.query('SELECT $1::text', ['x']);
          await once(client.query(new pg.Query('SELECT 1')), 'end');
          await client.query({ name: 'by name', text: 'SELECT 1' });
          await client.query('COMMIT');
        }),
      ).toEqual(KEPT);
    });

    it('is reset after a statement that leaves something', async () => {
      expect(await broughtBack((client) => client.query("SET application_name = 'x'"))).toEqual(RESET);
      expect(
        await broughtBack((client) => client.query(`SELECT set_config('application_name', 'x', false)`)),
      ).toEqual(RESET);
    });

    it('is closed after what no reset undoes', async () => {
      const changes: Record<string, (client: pg.Client) => unknown> = {
        'a parser of types': (client) => client.setTypeParser(20, Number),
        'its end': (client) => void client.end(),
        'the protocol': (client) => client.connection,
        'the key to cancel with': (client) => Reflect.get(client, 'secretKey'),
        'the inner life': (client) => Reflect.get(client, '_queryQueue'),
        'no longer keeping the process alive': (client) => Reflect.get(client, 'unref')(),
      };
      for (const [name, change] of Object.entries(changes)) {
        expect(await broughtBack(change), name).toEqual(CLOSED);
      }
    });

    it('is closed where the client itself was asked for', async () => {
      const connection = await test.open();
      const { client, revoke } = connection.lend({ raw: true });
      revoke();
      expect((await (client as pg.Client).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect(connection.isClean()).toBe(false);
    });

    it('is closed with a transaction open, or failed', async () => {
      expect(await broughtBack((client) => client.query('BEGIN'))).toEqual(CLOSED);
      const fails = async (client: pg.Client) => {
        await client.query('BEGIN');
        await failure(client.query('SELECT 1 / 0'));
      };
      expect(await broughtBack(fails)).toEqual(CLOSED);
    });

    it('is closed with a statement under way, or waiting behind one', async () => {
      const pending: Promise<unknown>[] = [];
      expect(
        await broughtBack((client) => void pending.push(failure(client.query('SELECT pg_sleep(60)')))),
      ).toEqual(CLOSED);
      const { connection, client, revoke } = await lend();
      const isCleanThen = new Promise<boolean>((resolve) => {
        client.query('SELECT 1', () => {
          revoke();
          resolve(connection.isClean());
        });
        pending.push(client.query('SELECT 2'));
      });
      expect(await isCleanThen).toBe(false);
    });

    it('can be given back inside of the callback, after an error as well', async () => {
      for (const sql of ['SELECT 1', 'SELECT 1 / 0']) {
        const { connection, client, revoke } = await lend();
        const then = new Promise((resolve) => {
          client.query(sql, () => {
            revoke();
            resolve({ isClean: connection.isClean(), isTouched: connection.isTouched() });
          });
        });
        expect(await then, sql).toEqual(KEPT);
        expect((await connection.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      }
    });

    it('tells of an error when the connection can be given back', async () => {
      const { connection, client, revoke } = await lend();
      await failure(client.query('SELECT 1 / 0'));
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, false]);
    });

    it('keeps a prepared statement for its tenant, until the session is reset', async () => {
      const connection = await test.open();
      const prepared = async () => {
        const { client, revoke } = await lend(connection);
        await client.query({ name: 'kept', text: 'SELECT 1 AS one' });
        const { rows } = await client.query('SELECT count(*)::int AS n FROM pg_prepared_statements');
        revoke();
        return rows[0].n;
      };
      expect(await prepared()).toBe(1);
      expect(await prepared()).toBe(1);
      expect(connection.isTouched()).toBe(false);
      await connection.reset();
      expect((await connection.query('SELECT * FROM pg_prepared_statements')).rows).toEqual([]);
      expect(await prepared()).toBe(1);
    });

    it('leaves nothing that was set on it to the next', async () => {
      const { connection, client, revoke } = await lend();
      Object.assign(client, { note: 'mine', query: () => 'replaced' });
      Object.defineProperty(client, 'defined', { value: 'mine', configurable: true });
      expect([Reflect.get(client, 'note'), Reflect.get(client, 'defined')]).toEqual(['mine', 'mine']);
      expect(client.query('SELECT 1')).toBe('replaced');
      revoke();
      const next = await lend(connection);
      expect(Reflect.get(next.client, 'note')).toBeUndefined();
      expect(Reflect.get(next.client, 'defined')).toBeUndefined();
      expect((await next.client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    });
  });

  describe('a listener on a lent client', () => {
    it('hears the client, knows it as this, and ends with the loan', async () => {
      const { connection, client, revoke } = await lend();
      const heard: unknown[] = [];
      client.on('notice', function (this: unknown, { message }) {
        heard.push(message, this === client);
      });
      const notice = (sql: string) => `DO $$ BEGIN RAISE NOTICE '${sql}'; END $$`;
      await client.query(notice('first'));
      revoke();
      const next = await lend(connection);
      await next.client.query(notice('second'));
      expect(heard).toEqual(['first', true]);
      expect(next.client.listenerCount('notice')).toBe(0);
    });

    it('can be removed, alone or with all others of the borrower, and with nobody else', async () => {
      const { connection, client } = await lend();
      const listener = () => {};
      client.on('error', listener).once('error', listener);
      expect(client.listenerCount('error')).toBe(2);
      client.removeListener('error', listener);
      expect(client.listenerCount('error')).toBe(1);
      client.removeAllListeners();
      expect(client.eventNames()).toEqual([]);
      const lost = new Promise((resolve) => connection.onLost(resolve));
      const [{ pid }] = (await connection.query('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];
      await test.admin(`SELECT pg_terminate_backend(${pid})`);
      expect(await lost).toBeInstanceOf(Error);
    });

    it('is told once of what it listens to once', async () => {
      const { client } = await lend();
      let calls = 0;
      client.once('mine', () => calls++);
      client.emit('mine');
      client.emit('mine');
      expect(calls).toBe(1);
    });

    it('costs no reset', async () => {
      expect(await broughtBack((client) => client.on('error', () => {}))).toEqual(KEPT);
    });
  });

  describe('a cursor on a lent client', () => {
    const THREE = 'SELECT n::text FROM generate_series(1, 3) AS n';

    it('reads in portions, and leaves nothing when it is done', async () => {
      const portal = new Portal(THREE, 2);
      const use = async (client: pg.Client) => {
        expect(client.query(portal)).toBe(portal);
        await once(portal, 'portion');
        expect(portal.rows).toEqual(['1', '2']);
        portal.read();
        await once(portal, 'end');
      };
      expect(await broughtBack(use)).toEqual(KEPT);
      expect(portal.rows).toEqual(['1', '2', '3']);
    });

    it('that was kept cannot reach the connection any more', async () => {
      const portal = new Portal(THREE, 2);
      const use = async (client: pg.Client) => {
        client.query(portal);
        await once(portal, 'portion');
        portal.close();
        await once(portal, 'end');
      };
      expect(await broughtBack(use)).toEqual(KEPT);
      expect(() => portal.read()).toThrow(LeaseEndedError);
      expect(() => portal.connection?.sync()).toThrow(LeaseEndedError);
    });

    it('that is open closes the connection, and hears of it', async () => {
      const portal = new Portal(THREE, 2);
      const { connection, client, revoke } = await lend();
      client.query(portal);
      await once(portal, 'portion');
      const failures: unknown[] = [];
      portal.on('failed', (error) => failures.push(error));
      revoke();
      expect(failures).toEqual([expect.any(LeaseEndedError)]);
      expect(connection.isClean()).toBe(false);
      await connection.close();
      expect(failures).toHaveLength(1);
    });

    it('that asks once more than it reads leaves a doubt', async () => {
      const portal = new Portal(THREE, 5);
      const use = async (client: pg.Client) => {
        client.query(portal);
        await once(portal, 'end');
        portal.connection?.sync();
      };
      expect(await broughtBack(use)).toEqual(CLOSED);
    });

    it('that writes to the socket itself leaves a doubt', async () => {
      const portal = new Portal(THREE, 5);
      const use = async (client: pg.Client) => {
        client.query(portal);
        await once(portal, 'end');
        portal.connection?.stream.write('');
      };
      expect(await broughtBack(use)).toEqual(CLOSED);
    });

    it('that prepares by a name of its own costs a reset', async () => {
      const portal = new Portal(THREE, 5);
      portal.submit = (connection) => {
        (connection as { parse(s: object): void }).parse({ name: 'unknown', text: 'SELECT 1' });
        Portal.prototype.submit.call(portal, connection);
      };
      const use = async (client: pg.Client) => {
        client.query(portal);
        await once(portal, 'end');
      };
      expect(await broughtBack(use)).toEqual(RESET);
    });
  });

  describe('the async context', () => {
    it('of a callback, a listener and a row is that of its caller, and of nobody who opened the connection', async () => {
      const context = new AsyncLocalStorage<string>();
      const { connection, client } = await context.run('opener', () => lend());
      const seen: Record<string, string | undefined> = {};
      const see = (what: string) => {
        seen[what] = context.getStore();
      };
      await context.run('caller', async () => {
        client.once('notice', () => see('listener'));
        await new Promise<void>((resolve) => {
          client.query(`DO $$ BEGIN RAISE NOTICE 'x'; END $$`, () => {
            see('callback');
            resolve();
          });
        });
        await new Promise<void>((resolve) => {
          client.query('SELECT 1 / 0', () => {
            see('failed callback');
            resolve();
          });
        });
      });
      const query = new pg.Query('SELECT 1');
      query.on('row', () => see('row'));
      query.on('end', () => see('end'));
      context.run('submitter', () => client.query(query));
      await until(() => 'end' in seen);
      const [{ pid }] = (await connection.query('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];
      connection.onLost(() => see('loss'));
      await test.admin(`SELECT pg_terminate_backend(${pid})`);
      await until(() => 'loss' in seen);
      expect(seen).toEqual({
        listener: 'caller',
        callback: 'caller',
        'failed callback': 'caller',
        row: 'submitter',
        end: 'submitter',
        loss: undefined,
      });
    });
  });
});
