import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { parseAddress } from '../../../src/engine/address.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { InvalidParameterError } from '../../../src/errors.js';
import { failure, terminateUnseen, until, useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();

  async function pidOf(connection: PostgresConnection): Promise<number> {
    return Number((await connection.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid);
  }

  async function activityOf(pid: number): Promise<Record<string, unknown> | undefined> {
    return (await test.admin(`SELECT state, query FROM pg_stat_activity WHERE pid = ${pid}`))[0];
  }

  /** Waits until the server runs a statement of this backend. */
  function running(pid: number, text: string): Promise<void> {
    return until(async () => {
      const activity = await activityOf(pid);
      return activity?.state === 'active' && String(activity.query).includes(text);
    });
  }

  describe('a statement', () => {
    it('counts rows only where it changes some', async () => {
      const connection = await test.open();
      await connection.query('CREATE TEMP TABLE counted (id int)');
      const insert = await connection.query('INSERT INTO counted SELECT generate_series(1, 3)');
      const select = await connection.query('SELECT id FROM counted');
      const update = await connection.query('UPDATE counted SET id = id + $1 WHERE id > 1', [10]);
      const merge = await connection.query(
        'MERGE INTO counted USING (VALUES (1)) AS v (n) ON id = n WHEN MATCHED THEN DELETE',
      );
      expect([insert, select, update, merge].map((result) => result.affectedRows)).toEqual([3, 0, 2, 1]);
      expect(select.rows).toHaveLength(3);
      expect(insert.insertId).toBeNull();
    });

    it('takes every kind of parameter', async () => {
      const connection = await test.open();
      const { rows } = await connection.query(
        `SELECT $1::text AS text, $2::float8 AS number, $3::bigint AS big, $4::bool AS flag, $5::text AS nothing,
              $6::timestamptz AS date, $7::bytea AS bytes`,
        ['😀', 1.5, 2n ** 62n, true, null, new Date(0), new Uint8Array([0, 255]).subarray(1)],
      );
      expect(rows).toEqual([
        {
          text: '😀',
          number: 1.5,
          big: '4611686018427387904',
          flag: true,
          nothing: null,
          date: new Date(0),
          bytes: Buffer.from([255]),
        },
      ]);
    });

    it.each([[[]], [['x']]])('cannot carry a second one, with parameters %j', async (params) => {
      const connection = await test.open();
      const sql = params.length === 0 ? 'SELECT 1; SELECT 2' : 'SELECT $1; SELECT 2';
      expect(postgres.classifyError(await failure(connection.query(sql, params)))).toBe('syntax');
      expect(connection.isClean()).toBe(true);
    });

    it('is refused before it is sent where the protocol would read it differently', async () => {
      const connection = await test.open();
      const many = Array.from({ length: 65_536 }, () => 1);
      for (const attempt of [connection.query('SELECT 1\0'), connection.query('SELECT 1', many)]) {
        expect(await failure(attempt)).toBeInstanceOf(InvalidParameterError);
      }
      expect(await failure(connection.runScript('SELECT 1\0'))).toBeInstanceOf(InvalidParameterError);
      expect(connection.isClean()).toBe(true);
    });

    it('that fails leaves a connection that is clean as soon as its error is known', async () => {
      const connection = await test.open();
      for (let round = 0; round < 50; round++) {
        await failure(connection.query('SELECT no_such_column'));
        expect(connection.isClean()).toBe(true);
      }
    });

    it('that fails is over only when the server is ready again, however late it says so', async () => {
      const proxy = await hesitantProxy();
      const address = parseAddress(`postgres://postgres@127.0.0.1:${proxy.port}`);
      const connection = await postgres.server(address).open(test.database, { timeoutMs: 5000 });
      await failure(connection.query('SELECT no_such_column'));
      expect(connection.isClean()).toBe(true);
      await connection.begin();
      await failure(connection.query('SELECT no_such_column'));
      await failure(connection.commit());
      expect(connection.isClean()).toBe(true);
      await connection.close();
      await proxy.close();
    });

    it('that wants to copy from the client fails, and the connection goes on', async () => {
      const connection = await test.open();
      await connection.query('CREATE TEMP TABLE copied (id int)');
      expect(postgres.classifyError(await failure(connection.query('COPY copied FROM STDIN')))).toBe(
        'cancelled',
      );
      expect(connection.isClean()).toBe(true);
      expect(await failure(connection.runScript('COPY copied FROM STDIN'))).toBeInstanceOf(Error);
      expect(connection.isClean()).toBe(true);
      expect((await connection.query('SELECT * FROM copied')).rows).toEqual([]);
    });

    it('may be empty', async () => {
      const connection = await test.open();
      expect((await connection.query('')).rows).toEqual([]);
      expect(connection.isClean()).toBe(true);
    });
  });

  /** Passes everything on, but the end of each answer (the size of ReadyForQuery) a little later. */
  async function hesitantProxy() {
    const { host = '', port = 0 } = parseAddress(test.tcpUrl);
    const proxy = createServer((socket) => {
      socket.setNoDelay(true);
      const upstream = createConnection(port, host);
      upstream.on('data', (chunk) => {
        socket.write(chunk.subarray(0, -6));
        upstream.pause();
        setTimeout(() => {
          socket.write(chunk.subarray(-6));
          upstream.resume();
        }, 5);
      });
      upstream.on('close', () => socket.end());
      socket.pipe(upstream);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    return {
      port: (proxy.address() as AddressInfo).port,
      close: () => new Promise((resolve) => proxy.close(resolve)),
    };
  }

  describe('cleanness', () => {
    it('follows the transaction status of the protocol', async () => {
      const connection = await test.open();
      expect(connection.isClean()).toBe(true);
      await connection.query('BEGIN');
      expect(connection.isClean()).toBe(false);
      await failure(connection.query('SELECT no_such_column'));
      expect(connection.isClean()).toBe(false);
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
    });

    it('ends while a statement is under way', async () => {
      const connection = await test.open();
      const ping = connection.ping();
      expect(connection.isClean()).toBe(false);
      await ping;
      expect(connection.isClean()).toBe(true);
    });
  });

  describe('a transaction', () => {
    it('begins as it is asked to', async () => {
      const connection = await test.open();
      await connection.begin({ isolationLevel: 'serializable', readOnly: true });
      const { rows } = await connection.query(
        "SELECT current_setting('transaction_isolation') AS level, current_setting('transaction_read_only') AS ro",
      );
      expect(rows).toEqual([{ level: 'serializable', ro: 'on' }]);
      const error = await failure(connection.query('CREATE TABLE never (id int)'));
      expect(postgres.classifyError(error)).toBe('read-only');
      await connection.rollback();
    });

    it('knows no other isolation level', async () => {
      const connection = await test.open();
      const level = 'serializable; DROP TABLE users' as 'serializable';
      expect(await failure(connection.begin({ isolationLevel: level }))).toBeInstanceOf(
        InvalidParameterError,
      );
      expect(connection.isClean()).toBe(true);
    });

    it('whose statement failed does not commit in silence', async () => {
      const connection = await test.open();
      await connection.begin();
      await failure(connection.query('SELECT no_such_column'));
      expect((await failure(connection.commit())).message).toMatch(/rolled back instead of committed/);
      expect(connection.isClean()).toBe(true);
    });

    it('that a statement of its own ended does not commit in silence', async () => {
      const connection = await test.open();
      await connection.begin();
      await connection.query('ROLLBACK');
      const error = await failure(connection.commit());
      expect(error.message).toMatch(/no transaction to commit/);
      expect(postgres.classifyError(error)).toBe('other');
      expect(connection.isClean()).toBe(true);
    });

    it('does not begin inside another one', async () => {
      const connection = await test.open();
      await connection.begin();
      expect((await failure(connection.begin())).message).toMatch(/open already/);
      await connection.rollback();
    });
  });

  describe('a connection that the server ended', () => {
    it('while it was idle is not alive, and sends nothing more', async () => {
      const connection = await test.open();
      const lost = new Promise<Error>((resolve) => connection.onLost(resolve));
      await test.admin(`SELECT pg_terminate_backend(${await pidOf(connection)})`);
      expect(postgres.classifyError(await lost)).toBe('killed');
      expect(connection.isAlive()).toBe(false);
      expect(connection.isClean()).toBe(false);
      expect(await failure(connection.ping())).toBeInstanceOf(NotSentError);
      expect(await failure(connection.begin())).toBeInstanceOf(NotSentError);
      expect(await failure(connection.commit())).toBeInstanceOf(NotSentError);
    });

    it('tells a listener that comes late', async () => {
      const connection = await test.open();
      await test.admin(`SELECT pg_terminate_backend(${await pidOf(connection)})`);
      await until(() => !connection.isAlive());
      expect(await new Promise<Error>((resolve) => connection.onLost(resolve))).toBeInstanceOf(Error);
    });

    it('before anybody listened is lost at the first statement, of which nothing is sent', async () => {
      const connection = await test.open();
      // As the driver is once it was told of the end, which it tells only those who listen by then.
      Reflect.set(connection.lend({ raw: true }).client, '_queryable', false);
      expect(await failure(connection.query('SELECT 1'))).toBeInstanceOf(NotSentError);
      expect(connection.isAlive()).toBe(false);
    });

    it('while it ran a statement says that it was killed, and tells it once', async () => {
      const connection = await test.open();
      const losses: Error[] = [];
      connection.onLost((error) => losses.push(error));
      const pid = await pidOf(connection);
      const answer = failure(connection.query('SELECT pg_sleep(60)'));
      await running(pid, 'pg_sleep');
      await test.admin(`SELECT pg_terminate_backend(${pid})`);
      const error = await answer;
      expect(error).toMatchObject({ code: '57P01', severity: 'FATAL' });
      expect(postgres.classifyError(error)).toBe('killed');
      expect(connection.isAlive()).toBe(false);
      await connection.close();
      expect(losses).toHaveLength(1);
    });

    it('unseen, in the moment before a statement, says that it was killed or sends nothing', async () => {
      const connection = await test.open();
      const pid = await pidOf(connection);
      terminateUnseen(test.url, pid);
      const error = await failure(connection.query('SELECT 1'));
      expect(error instanceof NotSentError || postgres.classifyError(error) === 'killed').toBe(true);
      expect(connection.isAlive()).toBe(false);
    });

    it('unseen, in the moment before a large statement, leaves its outcome open at worst', async () => {
      const connection = await test.open();
      terminateUnseen(test.url, await pidOf(connection));
      const error = await failure(connection.query('SELECT $1::text', ['x'.repeat(1_000_000)]));
      expect(['killed', 'connection-lost']).toContain(postgres.classifyError(error));
      expect(error).not.toBeInstanceOf(NotSentError);
    });
  });

  describe('a connection whose statement is cancelled', () => {
    it('has no statement and no backend left, and is gone for good', async () => {
      const connection = await test.open();
      const losses: Error[] = [];
      connection.onLost((error) => losses.push(error));
      const pid = await pidOf(connection);
      const answer = failure(connection.query('SELECT pg_sleep(60)'));
      await running(pid, 'pg_sleep');
      await connection.cancel(5000);
      expect(postgres.classifyError(await answer)).toBe('cancelled');
      expect(connection.isAlive()).toBe(false);
      expect(await failure(connection.ping())).toBeInstanceOf(NotSentError);
      expect((await activityOf(pid))?.state ?? 'gone').not.toBe('active');
      expect(losses).toEqual([]);
    });

    it('is destroyed at once where nothing runs', async () => {
      const connection = await test.open();
      await connection.begin();
      const pid = await pidOf(connection);
      await connection.cancel(5000);
      await until(async () => (await activityOf(pid)) === undefined);
    });
  });

  describe('a connection that is closed', () => {
    it('is off the books of the server when close resolves', async () => {
      for (let round = 0; round < 20; round++) {
        const connection = await test.open();
        const pid = await pidOf(connection);
        await connection.close();
        expect(await activityOf(pid)).toBeUndefined();
      }
    });

    it('or destroyed may be closed again, and loses nothing', async () => {
      const connection = await test.open();
      const losses: Error[] = [];
      connection.onLost((error) => losses.push(error));
      const answer = failure(connection.query('SELECT pg_sleep(1)'));
      connection.destroy();
      connection.destroy();
      expect(postgres.classifyError(await answer)).toBe('connection-lost');
      await Promise.all([connection.close(), connection.close(), connection.cancel(100)]);
      expect(losses).toEqual([]);
    });
  });
});
