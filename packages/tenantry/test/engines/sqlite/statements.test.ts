import { describe, expect, it } from 'vitest';
import { sqlite } from '../../../src/engines/sqlite/index.js';
import { drivers, kindOf, oneDatabase } from './fixture.js';

/** What not every build of SQLite reads alike, or would not end. */
const unclear = [
  ...[
    'SELECT $a(1)',
    'SELECT @a(1)',
    'SELECT :a(1)',
    'SELECT $a::b',
    'SELECT #1',
    'SELECT 1 \v',
    'SELECT \ufeff1',
  ],
  ...[
    "SELECT 'a",
    'SELECT "a',
    'SELECT `a',
    'SELECT [a',
    'SELECT 1 /*',
    'SELECT \\x',
    'SELECT {1}',
    'CREATE FUNCTION f',
  ],
];

describe.each(drivers)('a statement that reaches beyond its database, through %s', (driver) => {
  it.each([
    "ATTACH ':memory:' AS x",
    "  \n\t;;attach database 'a' as b",
    "-- comment\n/* another */ Attach 'a' AS b",
    "\ufeffATTACH 'a' AS b;",
    'DETACH main',
    "VACUUM INTO 'copy.sqlite'",
    "VACUUM main/**/INTO 'copy.sqlite'",
    'PRAGMA busy_timeout = 60000',
    'PRAGMA "busy_timeout"(60000)',
    'PRAGMA main.journal_mode = DELETE',
    'PRAGMA query_only = 0',
    'PRAGMA foreign_keys = OFF',
    'PRAGMA writable_schema = 1',
    "PRAGMA temp_store_directory = '/tmp'",
    'EXPLAIN PRAGMA busy_timeout = 60000',
  ])('is refused: %s', async (sql) => {
    const connection = await (await oneDatabase(driver)).open();
    expect(await kindOf(connection.query(sql))).toBe('access-denied');
    expect(connection.isClean()).toBe(true);
  });
});

describe.each(drivers)('a text for one statement, through %s', (driver) => {
  it.each([
    'SELECT 1; SELECT 2',
    'SELECT 1;;x',
    '',
    ' -- nothing',
    'SELECT 1\0',
    'SELEC 1',
    '(SELECT 1)',
    ...unclear,
  ])('is refused as no statement: %j', async (sql) => {
    const connection = await (await oneDatabase(driver)).open();
    expect(await kindOf(connection.query(sql))).toBe('syntax');
  });

  it('may end in a semicolon and comments', async () => {
    const connection = await (await oneDatabase(driver)).open();
    expect((await connection.query(' ; SELECT 1 AS a; -- done')).rows).toEqual([{ a: 1 }]);
  });

  it('may read a pragma, and set what belongs to the file', async () => {
    const connection = await (await oneDatabase(driver)).open();
    expect((await connection.query('PRAGMA journal_mode')).rows).toEqual([{ journal_mode: 'wal' }]);
    expect((await connection.query('PRAGMA synchronous')).rows).toEqual([{ synchronous: 2 }]);
    expect((await connection.query('PRAGMA foreign_keys')).rows).toEqual([{ foreign_keys: 1 }]);
    expect((await connection.query('PRAGMA busy_timeout')).rows).toEqual([{ timeout: 0 }]);
    await connection.query('PRAGMA user_version = 7');
    expect((await connection.query('PRAGMA user_version')).rows).toEqual([{ user_version: 7 }]);
  });
});

describe('a statement that only reads', () => {
  it.each([
    ['SELECT 1', true],
    ['/* x */ with a as (select 1) select * from a', true],
    ['VALUES (1)', true],
    ['EXPLAIN SELECT 1', true],
    ["SELECT replace('a', 'a', 'b')", true],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', false],
    ['SELECT 1; DELETE FROM t', false],
    ['INSERT INTO t VALUES (1) RETURNING a', false],
    ['PRAGMA user_version', false],
    ['', false],
  ])('%s: %s', (sql, expected) => {
    expect(sqlite.isRead(sql)).toBe(expected);
  });
});
