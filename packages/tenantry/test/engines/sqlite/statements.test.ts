import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sqlite } from '../../../src/engines/sqlite/index.js';
import { checkScript, checkStatement } from '../../../src/engines/sqlite/statement-rules.js';
import { drivers, kindOf, oneDatabase, rawHandle, temporaryFolder } from './fixture.js';

const blanks = [
  '',
  ' ',
  '\t',
  '\n',
  '\v',
  '\f',
  '\r',
  '\ufeff',
  ';',
  '--x\n',
  '-- ATTACH',
  '/* */',
  '/**/',
  '/*/ */',
  '/*;*/',
  "/*'*/",
  '/',
];
const pieces = [
  ...blanks,
  ...[
    'ATTACH',
    'attach',
    'AtTaCh',
    '"attach"',
    'ATTACH DATABASE',
    'DETACH x',
    'EXPLAIN',
    'QUERY PLAN',
    'SELECT 1',
    'BEGIN',
    'END',
  ],
  ...[
    "':memory:'",
    'AS x',
    "':memory:' AS x",
    "'",
    '"',
    '`',
    '[',
    ']',
    "''",
    "';'",
    '(',
    ')',
    ',',
    '1',
    '?',
    '?1',
    ':a',
    '$a(;)',
    '@a',
    '#',
  ],
  ...[
    'WITH a AS (SELECT 1)',
    'CREATE TRIGGER',
    'CREATE TEMP TRIGGER t AFTER INSERT ON t BEGIN',
    'SELECT 1; END',
    'CREATE TRIGGER IF NOT EXISTS tr AFTER INSERT ON t BEGIN SELECT 1; END;',
    'CREATE TABLE t (a)',
  ],
  ...['VACUUM', "INTO 'copy'", 'PRAGMA', 'busy_timeout', '= 5', 'main.', 'x', '\x01', '\u2028', 'é'],
];
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''));
const spacedSoup = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(' '));

describe.each(drivers)('a statement that reaches beyond its database, through %s', (driver) => {
  it.each([
    "ATTACH ':memory:' AS x",
    "  \n\t;;attach database 'a' as b",
    "-- comment\n/* another */ Attach 'a' AS b",
    " \v\ufeffATTACH 'a' AS b;",
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

  it('cannot load an extension', async () => {
    const connection = await (await oneDatabase(driver)).open();
    await expect(connection.query("SELECT load_extension('x')")).rejects.toThrow(/not authorized/);
  });

  it('is not let through, however it is written', () => {
    const raw = rawHandle(driver, join(temporaryFolder(), 'raw.sqlite'));
    const runRaw = (sql: string) => {
      try {
        const statement = raw.prepare(sql);
        if (statement.reader) statement.all([]);
        else statement.run([]);
      } catch {
        // What SQLite does not take does no harm.
      }
    };
    const state = () => {
      const databases = raw.prepare('PRAGMA database_list').all([]) as { name: string }[];
      const [timeout] = raw.prepare('PRAGMA busy_timeout').all([]) as { timeout: number }[];
      return {
        databases: databases.map(({ name }) => name).filter((name) => name !== 'temp'),
        timeout: timeout?.timeout,
      };
    };
    let passed = 0;
    fc.assert(
      fc.property(fc.oneof(soup, spacedSoup), (sql) => {
        try {
          checkStatement(sql);
        } catch {
          return;
        }
        passed++;
        runRaw(sql);
        expect(state()).toEqual({ databases: ['main'], timeout: 0 });
        expect(existsSync('copy')).toBe(false);
        if (raw.inTransaction) raw.exec('ROLLBACK');
      }),
      { numRuns: 4000 },
    );
    expect(passed).toBeGreaterThan(50);
  });

  it('is not let through in a script, however it is written', () => {
    const raw = rawHandle(driver, join(temporaryFolder(), 'raw.sqlite'));
    raw.exec('CREATE TABLE t (a)');
    fc.assert(
      fc.property(fc.oneof(soup, spacedSoup), (script) => {
        let statements: readonly string[];
        try {
          statements = checkScript(script);
        } catch {
          return;
        }
        for (const statement of statements) {
          try {
            raw.exec(statement);
          } catch {
            // What SQLite does not take does no harm.
          }
        }
        const databases = raw.prepare('PRAGMA database_list').all([]) as { name: string }[];
        expect(databases.filter(({ name }) => name !== 'temp')).toHaveLength(1);
        if (raw.inTransaction) raw.exec('ROLLBACK');
      }),
      { numRuns: 2000 },
    );
  });
});

describe.runIf(drivers.includes('better-sqlite3'))('our reading of SQL', () => {
  it('agrees with better-sqlite3 on what is one statement and how many values it takes', () => {
    const raw = rawHandle('better-sqlite3', join(temporaryFolder(), 'raw.sqlite'));
    let compared = 0;
    fc.assert(
      fc.property(fc.oneof(soup, spacedSoup), (sql) => {
        let placeholders: number;
        try {
          ({ placeholders } = checkStatement(sql));
        } catch {
          return;
        }
        try {
          const statement = raw.prepare(sql);
          compared++;
          if (statement.reader) statement.all(Array(placeholders).fill(null));
        } catch (error) {
          // Behind a statement it takes a byte order mark for another one, where SQLite sees a blank: refused, then.
          if (sql.includes('\ufeff')) return;
          expect(String(error)).not.toMatch(/more than one statement|parameter values were provided/);
        }
      }),
      { numRuns: 4000 },
    );
    expect(compared).toBeGreaterThan(20);
  });
});

describe.each(drivers)('a text for one statement, through %s', (driver) => {
  it.each(['SELECT 1; SELECT 2', 'SELECT 1;;x', '', ' -- nothing', 'SELECT 1\0', 'SELEC 1', '(SELECT 1)'])(
    'is refused as no statement: %j',
    async (sql) => {
      const connection = await (await oneDatabase(driver)).open();
      expect(await kindOf(connection.query(sql))).toBe('syntax');
    },
  );

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
