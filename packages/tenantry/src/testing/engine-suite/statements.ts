import { describe, expect, it } from 'vitest';
import type { EngineConnection, Parameter } from '../../engine/connection.js';
import { InvalidParameterError } from '../../errors.js';
import { failureOf, firstOf, type SuiteContext } from './suite-context.js';

const AWKWARD_TEXTS = [
  '',
  'Grüße, 你好, \u{1f600}\u{1f469}\u200d\u{1f4bb}',
  `'"\`\\ -- /* */ ; ? ?? :name $1 %s %`,
  "\\'; DROP TABLE users; --",
  'line\nbreak\r\n\ttab',
];

const REFUSED: readonly unknown[] = [
  undefined,
  {},
  { id: 1 },
  [],
  [1, 2],
  Number.NaN,
  Number.POSITIVE_INFINITY,
  new Date(Number.NaN),
  () => 1,
  Symbol('s'),
  new Map(),
];

/** Statements, parameters, rows and errors. */
export function describeStatements(suite: SuiteContext): void {
  async function openWithTable(): Promise<{ connection: EngineConnection; table: string }> {
    const connection = await suite.open();
    return { connection, table: await suite.newTable(connection) };
  }

  describe('a statement', () => {
    it('gives every row, in order, equal ones included', async () => {
      const connection = await suite.open();
      const { rows, affectedRows } = await connection.query(
        "SELECT * FROM (SELECT 2 AS a, 'x' AS b UNION ALL SELECT 1, 'y' UNION ALL SELECT 2, 'x') AS t ORDER BY a",
      );
      expect(rows).toEqual([
        { a: 1, b: 'y' },
        { a: 2, b: 'x' },
        { a: 2, b: 'x' },
      ]);
      expect(affectedRows).toBe(0);
    });

    it('gives no row as an empty list', async () => {
      const { connection, table } = await openWithTable();
      expect((await connection.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
    });

    it('counts the rows that it changed', async () => {
      const { connection, table } = await openWithTable();
      const insert = await connection.query(`INSERT INTO ${table} VALUES (1, 'a'), (2, 'b'), (3, 'c')`);
      expect([insert.affectedRows, insert.rows]).toEqual([3, []]);
      expect((await connection.query(`UPDATE ${table} SET name = 'z' WHERE id < 3`)).affectedRows).toBe(2);
      expect((await connection.query(`SELECT * FROM ${table}`)).affectedRows).toBe(0);
      expect((await connection.query(`DELETE FROM ${table}`)).affectedRows).toBe(3);
      expect((await connection.query(`DELETE FROM ${table}`)).affectedRows).toBe(0);
    });

    it('runs alone: a second one after a semicolon is refused, and neither takes effect', async () => {
      const { connection, table } = await openWithTable();
      await suite.insert(connection, table, 1, 'stays');
      const p = suite.dialect.placeholder(1);
      await failureOf(connection.query(`INSERT INTO ${table} VALUES (2, 'b'); DELETE FROM ${table}`));
      await failureOf(connection.query(`SELECT 1; DELETE FROM ${table}`));
      await failureOf(connection.query(`SELECT 1; DELETE FROM ${table} WHERE id = ${p}`, [1]));
      expect(await suite.committedIds(table)).toEqual([1]);
    });
  });

  describe('a parameter', () => {
    it('carries any text as it is', async () => {
      const { connection, table } = await openWithTable();
      for (const [id, text] of AWKWARD_TEXTS.entries()) await suite.insert(connection, table, id, text);
      const { rows } = await connection.query(`SELECT name FROM ${table} ORDER BY id`);
      expect(rows.map((row) => row.name)).toEqual(AWKWARD_TEXTS);
      const p = suite.dialect.placeholder(1);
      for (const [id, text] of AWKWARD_TEXTS.entries()) {
        const found = await connection.query(`SELECT id FROM ${table} WHERE name = ${p}`, [text]);
        expect(found.rows.map((row) => Number(row.id))).toEqual([id]);
      }
    });

    it('carries every byte', async () => {
      const connection = await suite.open();
      const { placeholder, binary } = suite.dialect;
      const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
      await connection.query(`CREATE TABLE bytes_table (b ${binary})`);
      await connection.query(`INSERT INTO bytes_table VALUES (${placeholder(1)})`, [bytes]);
      // A view on a part of a larger buffer must not show the rest.
      await connection.query(`INSERT INTO bytes_table VALUES (${placeholder(1)})`, [bytes.subarray(1, 3)]);
      const { rows } = await connection.query('SELECT b FROM bytes_table ORDER BY LENGTH(b) DESC');
      expect(rows.map((row) => Array.from(row.b as Uint8Array))).toEqual([[...bytes], [1, 2]]);
    });

    it('carries numbers, bigints, booleans, dates and null', async () => {
      const { connection, table } = await openWithTable();
      const p = suite.dialect.placeholder(1);
      await suite.insert(connection, table, -2147483648, 'least');
      const matches = async (condition: string, value: Parameter) =>
        (await connection.query(`SELECT 1 AS one FROM ${table} WHERE ${condition}`, [value])).rows.length;
      expect(await matches(`id = ${p}`, -2147483648)).toBe(1);
      expect(await matches(`id = ${p}`, -2147483648n)).toBe(1);
      expect(await matches(`id < ${p} + 0.25`, 0.5)).toBe(1);
      expect(await matches(`(id < 0) = ${p}`, true)).toBe(1);
      expect(await matches(`(id < 0) = ${p}`, false)).toBe(0);
      expect(await matches(`id = ${p}`, null)).toBe(0);
      await connection.query(`CREATE TABLE dates_of_${table} (at TIMESTAMP NULL)`);
      await connection.query(`INSERT INTO dates_of_${table} VALUES (${p})`, [new Date(1_700_000_000_000)]);
      const { rows } = await connection.query(`SELECT at FROM dates_of_${table} WHERE at = ${p}`, [
        new Date(1_700_000_000_000),
      ]);
      expect(rows).toHaveLength(1);
    });

    it('is left alone in strings and comments', async () => {
      const connection = await suite.open();
      const { placeholder } = suite.dialect;
      const { rows } = await connection.query(
        `SELECT '${placeholder(1)}' AS a, /* ${placeholder(1)} */ name AS b FROM (SELECT 'n' AS name) AS t WHERE name = ${placeholder(1)} -- ${placeholder(2)}`,
        ['n'],
      );
      expect(rows).toEqual([{ a: placeholder(1), b: 'n' }]);
    });

    it('is refused where it could become something else, before anything is sent', async () => {
      const { connection, table } = await openWithTable();
      const p = suite.dialect.placeholder(1);
      for (const value of REFUSED) {
        const attempt = connection.query(`INSERT INTO ${table} VALUES (1, ${p})`, [value as Parameter]);
        expect(await failureOf(attempt)).toBeInstanceOf(InvalidParameterError);
        expect(connection.isClean()).toBe(true);
      }
      expect(await suite.committedIds(table)).toEqual([]);
    });

    it('may be neither too many nor too few', async () => {
      const { connection, table } = await openWithTable();
      const { placeholder } = suite.dialect;
      const two = `INSERT INTO ${table} VALUES (${placeholder(1)}, ${placeholder(2)})`;
      await failureOf(connection.query(two, [1]));
      await failureOf(connection.query(two, [1, 'a', 'b']));
      await failureOf(connection.query(two));
      await failureOf(connection.query(`INSERT INTO ${table} VALUES (1, 'a')`, [1]));
      expect(await suite.committedIds(table)).toEqual([]);
      expect(connection.isClean()).toBe(true);
    });
  });

  describe('a statement that fails', () => {
    it('says what went wrong and leaves the connection clean', async () => {
      const { connection, table } = await openWithTable();
      await suite.insert(connection, table, 1, 'a');
      expect(await suite.kindOf(connection.query('SELECT * FROM no_such_table'))).toBe('missing-table');
      expect(await suite.kindOf(connection.query('SELEKT 1'))).toBe('syntax');
      expect(await suite.kindOf(suite.insert(connection, table, 1, 'b'))).toBe('unique-violation');
      const nothing = connection.query(`INSERT INTO ${table} (id, name) VALUES (2, NULL)`);
      expect(await suite.kindOf(nothing)).toBe('constraint-violation');
      expect(connection.isClean()).toBe(true);
      expect(firstOf((await connection.query(`SELECT name FROM ${table}`)).rows)).toEqual({ name: 'a' });
    });

    it('means nothing to an engine when it is somebody else\u2019s error', () => {
      for (const error of [new Error('x'), undefined, null, 'text', { code: 'EIEIO' }]) {
        expect(suite.engine.classifyError(error)).toBe('other');
      }
    });
  });

  describe('telling reads from writes', () => {
    it('calls nothing a read that could write', () => {
      expect(suite.engine.isRead('SELECT a FROM b')).toBe(true);
      for (const sql of [
        'INSERT INTO t VALUES (1)',
        "UPDATE t SET a = 'SELECT'",
        'DELETE FROM t',
        'CREATE TABLE t (a INT)',
        'SELECT 1; DELETE FROM t',
        '/* SELECT */ DELETE FROM t',
        suite.dialect.hiddenWrite,
        '',
      ]) {
        expect(suite.engine.isRead(sql), sql).toBe(false);
      }
    });
  });
}
