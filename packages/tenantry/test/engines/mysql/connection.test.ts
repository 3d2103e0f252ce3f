import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineConnection } from '../../../src/engine/connection.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();

  const idOf = async (connection: EngineConnection) =>
    Number((await connection.query('SELECT CONNECTION_ID() AS id')).rows[0]?.id);
  const lost = (connection: EngineConnection) => new Promise<Error>((resolve) => connection.onLost(resolve));
  /** Waits until the server itself says so. */
  async function until(sql: string): Promise<void> {
    while ((await test.admin(sql)).length === 0);
  }
  const running = (id: number) =>
    until(`SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${id} AND INFO LIKE '%SLEEP%'`);
  const gone = (id: number) =>
    until(
      `SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${id})`,
    );

  /** A program that ends a session and waits until the server has forgotten it. */
  const KILL_AND_SEE = `
  const [url, id] = process.argv.slice(1);
  const { searchParams, username, password, hostname, port } = new URL(url);
  const client = require('mysql2').createConnection({
    user: username, password, host: hostname, port: Number(port) || 3306,
    socketPath: searchParams.get('socketPath') ?? undefined,
  });
  const look = () => client.query('SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ' + id, (error, rows) => {
    if (error) throw error;
    if (rows.length > 0) look();
    else client.end();
  });
  client.query('KILL ' + id, look);
`;

  describe('a connection', () => {
    it('speaks utf8mb4 and UTC', async () => {
      const connection = await test.open();
      const { rows } = await connection.query(
        "SELECT '😀' AS face, HEX('😀') AS bytes, NOW() = UTC_TIMESTAMP() AS utc, @@character_set_client AS client",
      );
      expect(rows).toEqual([{ face: '😀', bytes: 'F09F9880', utc: 1, client: 'utf8mb4' }]);
      const date = new Date('2024-02-29T12:34:56.789Z');
      await connection.query('CREATE TABLE times (a DATETIME(3), b TIMESTAMP(3))');
      await connection.query('INSERT INTO times VALUES (?, ?)', [date, date]);
      const [row] = (await connection.query('SELECT a, b, UNIX_TIMESTAMP(b) AS seconds FROM times')).rows;
      expect(row).toMatchObject({ a: date, b: date });
      expect(Number(row?.seconds) * 1000).toBe(date.getTime());
    });

    it('keeps every digit of large integers', async () => {
      const connection = await test.open();
      const { rows } = await connection.query('SELECT 9007199254740993 AS large, 42 AS small');
      expect(rows).toEqual([{ large: '9007199254740993', small: 42 }]);
      expect((await connection.query('SELECT ? AS n', [9007199254740993n])).rows).toEqual([
        { n: '9007199254740993' },
      ]);
    });

    it('reports rows and generated values', async () => {
      const connection = await test.open();
      await connection.query('CREATE TABLE numbered (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a INT)');
      expect(await connection.query('INSERT INTO numbered (a) VALUES (1), (2)')).toEqual({
        rows: [],
        affectedRows: 2,
        insertId: 1,
      });
      expect(await connection.query('UPDATE numbered SET a = 3')).toMatchObject({
        affectedRows: 2,
        insertId: null,
      });
      expect(await connection.query('SELECT a FROM numbered')).toEqual({
        rows: [{ a: 3 }, { a: 3 }],
        affectedRows: 0,
        insertId: null,
      });
      await connection.query('ALTER TABLE numbered AUTO_INCREMENT = 9007199254740993');
      expect((await connection.query('INSERT INTO numbered (a) VALUES (1)')).insertId).toBe(
        9007199254740993n,
      );
    });

    it('gives the first result set of a procedure', async () => {
      const connection = await test.open();
      await connection.query('CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b; END');
      expect((await connection.query('CALL two()')).rows).toEqual([{ a: 1 }]);
      expect(connection.isClean()).toBe(true);
    });

    it('never runs two statements sent as one, nor gives a local file away', async () => {
      const connection = await test.open();
      expect(mysql.classifyError(await failure(connection.query('DO 1; DO 2')))).toBe('syntax');
      await connection.query('CREATE TABLE loaded (line TEXT)');
      await failure(connection.query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE loaded"));
      const { rows } = await (await test.open()).query('SELECT * FROM loaded');
      expect(rows).toEqual([]);
    });
  });

  describe('a clean connection', () => {
    it('is clean after each kind of reply', async () => {
      const connection = await test.open();
      await connection.query('CREATE TABLE replies (id INT PRIMARY KEY, a VARCHAR(10))');
      for (const sql of [
        "INSERT INTO replies VALUES (1, ''), (2, NULL)",
        'SELECT a, id FROM replies ORDER BY id',
        'SELECT * FROM replies WHERE FALSE',
        "SELECT REPEAT('x', 70000)",
        'DO 1',
      ]) {
        await connection.query(sql);
        expect(connection.isClean(), sql).toBe(true);
      }
      await connection.ping();
      expect(connection.isClean()).toBe(true);
    });

    it('is not clean while a statement is under way', async () => {
      const connection = await test.open();
      const reply = connection.query('SELECT 1');
      expect(connection.isClean()).toBe(false);
      await reply;
      expect(connection.isClean()).toBe(true);
    });

    it('is not clean inside a transaction, however that was opened, and whatever ran last in it', async () => {
      const connection = await test.open();
      await connection.query('CREATE TABLE inside (id INT PRIMARY KEY)');
      for (const open of [
        () => connection.begin(),
        () => connection.begin({ readOnly: true }),
        () => connection.begin({ isolationLevel: 'serializable' }),
        () => connection.query('BEGIN'),
        () => connection.query('/* hidden */ START TRANSACTION'),
      ]) {
        await open();
        expect(connection.isClean()).toBe(false);
        await connection.query('SELECT * FROM inside');
        expect(connection.isClean()).toBe(false);
        await failure(connection.query('SELECT * FROM missing'));
        expect(connection.isClean()).toBe(false);
        await connection.ping();
        expect(connection.isClean()).toBe(false);
        await connection.rollback();
        expect(connection.isClean()).toBe(true);
      }
    });

    it('is clean after a statement that failed outside a transaction', async () => {
      const connection = await test.open();
      await failure(connection.query('SELECT * FROM missing'));
      expect(connection.isClean()).toBe(true);
      await failure(connection.query('SELECT (SELECT 1 UNION SELECT 2)'));
      expect(connection.isClean()).toBe(true);
    });

    it('is not clean after a procedure that opened a transaction and then failed', async () => {
      const connection = await test.open();
      await connection.query(
        "CREATE PROCEDURE fails() BEGIN START TRANSACTION; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END",
      );
      await failure(connection.query('CALL fails()'));
      expect(connection.isClean()).toBe(false);
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
    });

    it('is not clean with autocommit off', async () => {
      const connection = await test.open();
      await connection.query('SET autocommit = 0');
      expect(connection.isClean()).toBe(false);
      await connection.query('SELECT 1');
      expect(connection.isClean()).toBe(false);
    });

    it('leaves no isolation level behind', async () => {
      const connection = await test.open();
      const level = async () => (await connection.query('SELECT @@tx_isolation AS level')).rows[0]?.level;
      await connection.begin({ isolationLevel: 'read committed' });
      await connection.commit();
      expect(await level()).toBe('REPEATABLE-READ');
    });
  });

  describe('a connection that the server ended', () => {
    it('is known to be dead before its next use, and sends nothing', async () => {
      const connection = await test.open();
      const ended = lost(connection);
      await test.admin(`KILL ${await idOf(connection)}`);
      await ended;
      expect(connection.isAlive()).toBe(false);
      expect(connection.isClean()).toBe(false);
      expect(await failure(connection.query('SELECT 1'))).toBeInstanceOf(NotSentError);
      expect(await failure(connection.ping())).toBeInstanceOf(NotSentError);
      const late = await lost(connection);
      expect(mysql.classifyError(late)).toBe('connection-lost');
    });

    it('says that nothing was sent, even if the end could not yet be seen', async () => {
      const connection = await test.open();
      const id = await idOf(connection);
      // Synchronous, so that this process learns of the end only when it writes.
      expect(spawnSync(process.execPath, ['-e', KILL_AND_SEE, test.url, String(id)]).status).toBe(0);
      expect(connection.isAlive()).toBe(true);
      expect(await failure(connection.query('SELECT 1'))).toBeInstanceOf(NotSentError);
      expect(connection.isAlive()).toBe(false);
    });

    it('fails a running statement as lost, once, and tells its holder once', async () => {
      const connection = await test.open();
      const id = await idOf(connection);
      let calls = 0;
      connection.onLost(() => calls++);
      const error = failure(connection.query('SELECT SLEEP(60)'));
      await running(id);
      await test.admin(`KILL ${id}`);
      expect(['connection-lost', 'killed']).toContain(mysql.classifyError(await error));
      expect(await error).not.toBeInstanceOf(NotSentError);
      connection.destroy();
      expect(calls).toBe(1);
    });

    it('survives a cancelled statement', async () => {
      const connection = await test.open();
      const id = await idOf(connection);
      const error = failure(
        connection.query('SELECT * FROM information_schema.COLUMNS a WHERE SLEEP(60) = 0'),
      );
      await running(id);
      await test.admin(`KILL QUERY ${id}`);
      expect(mysql.classifyError(await error)).toBe('cancelled');
      expect(connection.isClean()).toBe(true);
    });
  });

  describe('cancelling', () => {
    it('stops the statement at the server and destroys the connection', async () => {
      const connection = await test.open();
      const id = await idOf(connection);
      let calls = 0;
      connection.onLost(() => calls++);
      const error = failure(connection.query('SELECT SLEEP(60) FROM information_schema.COLUMNS'));
      await running(id);
      await connection.cancel(5000);
      expect(['cancelled', 'connection-lost']).toContain(mysql.classifyError(await error));
      expect(connection.isAlive()).toBe(false);
      await gone(id);
      expect(calls).toBe(0);
    });

    it('of an idle connection only destroys it', async () => {
      const connection = await test.open();
      const id = await idOf(connection);
      await connection.cancel(5000);
      expect(connection.isAlive()).toBe(false);
      await gone(id);
    });
  });

  describe('closing', () => {
    it('ends the session at the server, and is not a loss', async () => {
      const connection = await test.open();
      const id = await idOf(connection);
      let calls = 0;
      connection.onLost(() => calls++);
      await connection.close();
      await gone(id);
      await connection.close();
      connection.destroy();
      expect(connection.isAlive()).toBe(false);
      expect(calls).toBe(0);
    });

    it('rejects what is under way', async () => {
      const connection = await test.open();
      const error = failure(connection.query('SELECT SLEEP(1)'));
      connection.destroy();
      expect(mysql.classifyError(await error)).toBe('connection-lost');
    });
  });

  describe('opening a connection', () => {
    const silent = async () => {
      const listener = createServer();
      const sockets: Promise<unknown>[] = [];
      listener.on('connection', (socket) => {
        socket.resume();
        socket.on('error', () => {});
        sockets.push(once(socket, 'close'));
      });
      await once(listener.listen(0, '127.0.0.1'), 'listening');
      const { port } = listener.address() as AddressInfo;
      return { listener, sockets, server: mysql.server(parseAddress(`mysql://root@127.0.0.1:${port}`)) };
    };

    it('gives up a server that does not answer, and leaves no socket', async () => {
      const { listener, sockets, server } = await silent();
      const accepted = once(listener, 'connection');
      const error = await failure(server.open('x', { timeoutMs: 200 }));
      expect(mysql.classifyError(error)).toBe('unreachable');
      await accepted;
      await Promise.all(sockets);
      listener.close();
    });

    it('gives up at once when it is told to, and leaves no socket', async () => {
      const { listener, sockets, server } = await silent();
      const controller = new AbortController();
      const reason = new Error('enough');
      const error = failure(server.open('x', { timeoutMs: 60_000, signal: controller.signal }));
      await once(listener, 'connection');
      controller.abort(reason);
      expect(await error).toBe(reason);
      await Promise.all(sockets);
      expect(await failure(server.open('x', { timeoutMs: 60_000, signal: controller.signal }))).toBe(reason);
      listener.close();
    });

    it('calls a server that hangs up during the handshake unreachable', async () => {
      const listener = createServer((socket) => socket.end());
      await once(listener.listen(0, '127.0.0.1'), 'listening');
      const { port } = listener.address() as AddressInfo;
      const error = await failure(
        mysql.server(parseAddress(`mysql://root@127.0.0.1:${port}`)).open('x', { timeoutMs: 5000 }),
      );
      expect(mysql.classifyError(error)).toBe('unreachable');
      listener.close();
    });
  });
});
