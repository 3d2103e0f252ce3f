import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { MysqlConnection } from '../../../src/engines/mysql/connection.js';
import { borrow, useTwoDatabases, variables } from './borrow.js';
import { useServer } from './test-server.js';

/** What ends the connection by itself (`autocommit` off, chained transactions, recorded statements) or belongs to no session alone. */
const NOT_TRIED =
  /^(?:autocommit|completion_type|profiling.*|session_track.*|insert_id|last_insert_id|identity|rand_seed[12]|timestamp|pseudo_thread_id)$/;

/** What a session remembers besides its variables: how it is left there, and how the next one would see it. */
const MEMORY: readonly [what: string, leave: readonly string[], look: string][] = [
  ['the last generated key', ['INSERT INTO counted (n) VALUES (1)'], 'SELECT LAST_INSERT_ID() AS v'],
  ['the last key by name', ['SET last_insert_id = 99'], 'SELECT @@identity AS v'],
  ['the next generated key', ['SET insert_id = 777000'], 'SELECT @@insert_id AS v'],
  ['the number of rows found', ['SELECT 1 UNION SELECT 2 UNION SELECT 3'], 'SELECT FOUND_ROWS() AS v'],
  ['the number of rows changed', ['INSERT INTO counted (n) VALUES (1), (2)'], 'SELECT ROW_COUNT() AS v'],
  ['the clock', ['SET timestamp = 1000'], 'SELECT UNIX_TIMESTAMP() = 1000 AS v'],
  ['a user variable', ["SET @left = 'secret'"], 'SELECT @left AS v'],
  ['warnings', ["SELECT CAST('x' AS INT)"], 'SELECT @@warning_count AS v'],
  ['errors', ['SELECT * FROM no_such_table'], 'SELECT @@error_count AS v'],
  ['the last value of a sequence', ['SELECT NEXTVAL(sequence)'], 'SELECT LASTVAL(sequence) AS v'],
  ['the cost of a statement', ['SELECT * FROM counted'], "SHOW SESSION STATUS LIKE 'Last_query_cost'"],
  [
    'a traced statement',
    ["SET optimizer_trace = 'enabled=on'", "SELECT 'secret' FROM counted"],
    'SELECT COUNT(*) AS v FROM information_schema.OPTIMIZER_TRACE',
  ],
  ['a prepared statement', ["PREPARE left_behind FROM 'SELECT 1'"], 'EXECUTE left_behind'],
  ['a handler', ['HANDLER counted OPEN AS left_behind'], 'HANDLER left_behind READ FIRST'],
  ['a temporary table', ['CREATE TEMPORARY TABLE left_behind (v INT)'], 'SELECT * FROM left_behind'],
  [
    'a lock',
    ["SELECT GET_LOCK(CONCAT('moved', CONNECTION_ID()), 0)"],
    "SELECT IS_USED_LOCK(CONCAT('moved', CONNECTION_ID())) AS v",
  ],
  [
    'a lock of the backup',
    ['BACKUP LOCK counted'],
    "SELECT COUNT(*) AS v FROM information_schema.PROCESSLIST WHERE STATE LIKE '%backup lock%'",
  ],
  [
    'recorded statements',
    ["EXECUTE IMMEDIATE CONCAT('SET profi', 'ling = 1')", "SELECT 'secret'"],
    'SHOW PROFILES',
  ],
];

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  const tables = async () => {
    for (const name of [tenants.a, tenants.b]) {
      await test.admin(
        `CREATE TABLE IF NOT EXISTS \`${name}\`.counted (id INT AUTO_INCREMENT PRIMARY KEY, n INT)`,
      );
      await test.admin(`CREATE SEQUENCE IF NOT EXISTS \`${name}\`.sequence`);
    }
  };
  const see = async (connection: MysqlConnection, look: string) =>
    connection.query(look).then(
      ({ rows }) => rows as unknown,
      (error: Error) => error.message,
    );

  describe('a session that moves to another tenant', () => {
    it.each(MEMORY)('forgets %s', async (_what, leave, look) => {
      await tables();
      const fresh = await borrow(test.url, tenants.b);
      fresh.connection.rebind(tenants.b);
      const expected = await see(fresh.connection, look);
      const { connection } = await borrow(test.url, tenants.a);
      for (const sql of leave) await connection.query(sql).catch(() => {});
      connection.rebind(tenants.b);
      expect(await see(connection, look)).toEqual(expected);
    });

    it('forgets what the text of a statement does not show', async () => {
      await tables();
      await test.admin(`CREATE OR REPLACE TRIGGER \`${tenants.a}\`.leaves BEFORE INSERT ON \`${tenants.a}\`.counted
        FOR EACH ROW SET @left = GET_LOCK(CONCAT('moved', CONNECTION_ID()), 0)`);
      const { connection } = await borrow(test.url, tenants.a);
      await connection.query('INSERT INTO counted (id, n) VALUES (1000, 1)');
      connection.rebind(tenants.b);
      const { rows } = await connection.query(
        "SELECT @left AS v, IS_USED_LOCK(CONCAT('moved', CONNECTION_ID())) AS l",
      );
      expect(rows).toEqual([{ v: null, l: null }]);
      await test.admin(`DROP TRIGGER \`${tenants.a}\`.leaves`);
    });

    it('begins no sequence of random numbers again', async () => {
      const numbers: unknown[] = [];
      for (let time = 0; time < 2; time++) {
        const { connection, run } = await borrow(test.url, tenants.a);
        await run('SET rand_seed1 = 11, rand_seed2 = 22', 'SELECT RAND()');
        connection.rebind(tenants.b);
        numbers.push((await connection.query('SELECT RAND() AS v')).rows[0]?.v);
      }
      expect(numbers[0]).not.toBe(numbers[1]);
    });

    it('has every variable as after opening, whichever of them was set', async () => {
      const { connection, run } = await borrow(test.url, tenants.a);
      const fresh = await borrow(test.url, tenants.b);
      const before = await variables(connection);
      const settable =
        await test.admin(`SELECT VARIABLE_NAME AS name, SESSION_VALUE AS value, VARIABLE_TYPE AS type, NUMERIC_MIN_VALUE AS least,
        NUMERIC_MAX_VALUE AS most, ENUM_VALUE_LIST AS list FROM information_schema.SYSTEM_VARIABLES
        WHERE READ_ONLY = 'NO' AND VARIABLE_SCOPE LIKE '%SESSION%'`);
      for (const variable of settable) {
        if (NOT_TRIED.test(String(variable.name).toLowerCase())) continue;
        for (const value of otherValues(variable))
          await run(`SET SESSION ${variable.name} = ${value}`).catch(() => {});
      }
      const changed = [...(await variables(connection))].filter(
        ([name, value]) => before.get(name) !== value,
      );
      expect(changed.length).toBeGreaterThan(100);
      await connection.ping();
      connection.rebind(tenants.b);
      expect(await variables(connection)).toEqual(await variables(fresh.connection));
    });

    it('moves although a setting of its last tenant is in the way', async () => {
      for (const sql of [
        'SET max_statement_time = 0.000001',
        'SET sql_big_selects = 0, max_join_size = 1',
        'SET sql_mode = ORACLE',
      ]) {
        const { connection, run } = await borrow(test.url, tenants.a);
        await run(sql);
        connection.rebind(tenants.b);
        expect((await connection.query('SELECT 1 AS v')).rows, sql).toEqual([{ v: 1 }]);
      }
    });
  });
});

/** Values of its type that are not its own; a variable refuses what it cannot have. */
function otherValues({ value, type, least, most, list }: Record<string, unknown>): string[] {
  const now = String(value);
  switch (type) {
    case 'BOOLEAN':
      return [now === 'ON' ? 'OFF' : 'ON'];
    case 'ENUM':
      return String(list)
        .split(',')
        .filter((each) => each !== now)
        .map((each) => `'${each}'`)
        .slice(0, 1);
    case 'VARCHAR':
    case 'FLAGSET':
    case 'SET':
      return ["''", "'latin1'", "'en_US'"];
    default: {
      const middle = Math.floor(Math.min(Number(now) * 2 + 64, Number(most)));
      return [String(Number.isFinite(middle) ? middle : least)];
    }
  }
}
