import { describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { borrow, streamOf, useTwoDatabases, variables, WHO } from './borrow.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  describe('what a borrower left', () => {
    const NONE: Record<string, unknown>[] = [];
    const cases: [kind: string, leave: string[], trace: string, clean: unknown][] = [
      ['a user variable', ["SET @left = 'secret'"], 'SELECT @left AS trace', null],
      ['a user variable of a SELECT', ["SELECT @left := 'secret'"], 'SELECT @left AS trace', null],
      ['a session variable', ['SET SESSION wait_timeout = 77'], 'SELECT @@wait_timeout = 77 AS trace', 0],
      ['sql_mode', ["SET sql_mode = 'ANSI_QUOTES'"], "SELECT @@sql_mode LIKE '%ANSI%' AS trace", 0],
      ['time_zone', ["SET time_zone = '+05:00'"], 'SELECT NOW() <> UTC_TIMESTAMP() AS trace', 0],
      ['SET NAMES', ['SET NAMES latin1'], "SELECT HEX('é') AS trace", 'C3A9'],
      ['USE', ['USE mysql'], "SELECT DATABASE() = 'mysql' AS trace", 0],
      ['a lock', ["DO GET_LOCK('left', 0)"], "SELECT IS_USED_LOCK('left') IS NOT NULL AS trace", 0],
      ['LAST_INSERT_ID()', ['DO LAST_INSERT_ID(77)'], 'SELECT LAST_INSERT_ID() AS trace', 0],
      ['warnings', ["SELECT CAST('a' AS INT)"], 'SHOW WARNINGS', NONE],
      ['foreign_key_checks', ['SET foreign_key_checks = 0'], 'SELECT @@foreign_key_checks = 0 AS trace', 0],
      ['sql_log_bin', ['SET sql_log_bin = 0'], 'SELECT @@sql_log_bin = 0 AS trace', 0],
      ['max_statement_time', ['SET max_statement_time = 9'], 'SELECT @@max_statement_time = 9 AS trace', 0],
      [
        'the isolation level of the session',
        ['SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
        "SELECT @@tx_isolation = 'SERIALIZABLE' AS trace",
        0,
      ],
      ['read-only transactions', ['SET SESSION TRANSACTION READ ONLY'], 'SELECT @@tx_read_only AS trace', 0],
    ];

    it.each(cases)('is gone: %s', async (_kind, leave, trace, clean) => {
      const { connection, run } = await borrow(test.url, tenants.a);
      await run(...leave);
      const dirty = await run(trace);
      expect(dirty, 'the trace shows what was left').not.toEqual(clean === NONE ? NONE : [{ trace: clean }]);
      connection.rebind(tenants.b);
      const { rows } = await connection.query(trace);
      expect(rows).toEqual(clean === NONE ? NONE : [{ trace: clean }]);
    });

    it.each<[kind: string, leave: string[], use: string]>([
      ['a temporary table', ['CREATE TEMPORARY TABLE left_table (a INT)'], 'SELECT * FROM {a}.left_table'],
      ['a prepared statement', ["PREPARE left_statement FROM 'SELECT 1'"], 'EXECUTE left_statement'],
      ['a handler', ['HANDLER who OPEN AS left_handler'], 'HANDLER left_handler READ FIRST'],
    ])('is gone: %s', async (_kind, leave, use) => {
      const { connection, run } = await borrow(test.url, tenants.a);
      const sql = use.replace('{a}', tenants.a);
      await run(...leave);
      await run(sql);
      connection.rebind(tenants.b);
      expect(mysql.classifyError(await failure(connection.query(sql)))).not.toBe('connection-lost');
    });

    it('is gone: LOCK TABLES', async () => {
      const { connection, run } = await borrow(test.url, tenants.a);
      await run('LOCK TABLES who WRITE');
      connection.rebind(tenants.b);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
      const other = await test.open(tenants.a);
      await other.query('SET lock_wait_timeout = 1');
      await other.query('UPDATE who SET name = name');
    });

    it('is gone: SET TRANSACTION for a transaction that never began', async () => {
      const writer = await test.open(tenants.b);
      await writer.begin();
      await writer.query("INSERT INTO who VALUES ('uncommitted')");
      const left = 'SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED';
      const [control, { connection, run }] = [
        await borrow(test.url, tenants.b),
        await borrow(test.url, tenants.a),
      ];
      await control.run(left);
      expect(await control.run(WHO)).toHaveLength(2);
      await run(left);
      connection.rebind(tenants.b);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
      await writer.rollback();
    });

    it('is gone: a role', async () => {
      const url = new URL(test.url);
      url.username = `${test.database}_user`;
      const user = `\`${url.username}\`@localhost`;
      const role = `${test.database}_role`;
      await test.admin(`CREATE USER ${user}`);
      await test.admin(`CREATE ROLE \`${role}\``);
      try {
        await test.admin(`GRANT ALL ON \`${tenants.a}\`.* TO ${user}`);
        await test.admin(`GRANT ALL ON \`${tenants.b}\`.* TO ${user}`);
        await test.admin(`GRANT \`${role}\` TO ${user}`);
        const { connection, run } = await borrow(url.href, tenants.a);
        await run(`SET ROLE \`${role}\``);
        connection.rebind(tenants.b);
        expect((await connection.query('SELECT CURRENT_ROLE() AS role')).rows).toEqual([{ role: null }]);

        await test.admin(`SET DEFAULT ROLE \`${role}\` FOR ${user}`);
        const withDefault = await borrow(url.href, tenants.a);
        await withDefault.run('SET ROLE NONE');
        withDefault.connection.rebind(tenants.b);
        expect((await withDefault.connection.query('SELECT CURRENT_ROLE() AS role')).rows).toEqual([
          { role },
        ]);
      } finally {
        await test.admin(`DROP USER ${user}`);
        await test.admin(`DROP ROLE \`${role}\``);
      }
    });

    it("is gone: the driver's prepared statements", async () => {
      const { connection, client } = await borrow(test.url, tenants.a);
      const execute = async () => (await client.promise().execute(WHO))[0];
      expect(await execute()).toEqual([{ name: tenants.a }]);
      const write = vi.spyOn(streamOf(client), 'write');
      connection.rebind(tenants.b);
      expect(write).not.toHaveBeenCalled();
      expect(await execute()).toEqual([{ name: tenants.b }]);
      connection.rebind(tenants.a);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
      expect(await execute()).toEqual([{ name: tenants.a }]);
    });

    it('cannot be taken away: recorded statements. The connection is not clean any more', async () => {
      const { connection, run } = await borrow(test.url, tenants.a);
      await connection.query('SET profiling = 1');
      await connection.query("SELECT 'secret'");
      expect(await run('SHOW PROFILES')).not.toEqual([]);
      expect(() => connection.rebind(tenants.b)).toThrow(NotSentError);
    });

    it('is gone: every variable is as after opening', async () => {
      const { connection, run } = await borrow(test.url, tenants.a);
      const fresh = await borrow(test.url, tenants.b);
      await run(
        "SET sql_mode = '', time_zone = '-03:00', tx_isolation = 'SERIALIZABLE', pseudo_thread_id = 5",
        'SET NAMES latin1',
      );
      connection.rebind(tenants.b);
      expect(await variables(connection)).toEqual(await variables(fresh.connection));
    });
  });
});
