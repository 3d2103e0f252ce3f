import { describe, expect, it } from 'vitest';
import type { Parameter } from '../../../src/engine/connection.js';
import { drivers, oneDatabase } from './fixture.js';

describe.each(drivers)('a value, through %s', (driver) => {
  it.each<[string, Parameter, unknown, string]>([
    ['a whole number', 5, 5, 'integer'],
    ['a fraction', 1.5, 1.5, 'real'],
    ['a number beyond 2^53', 2 ** 60, 2 ** 60, 'real'],
    ['the largest exact integer', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'integer'],
    ['a small bigint', 5n, 5, 'integer'],
    ['a bigint beyond 2^53', 9_007_199_254_740_993n, 9_007_199_254_740_993n, 'integer'],
    ['the least integer', -(2n ** 63n), -(2n ** 63n), 'integer'],
    ['true', true, 1, 'integer'],
    ['false', false, 0, 'integer'],
    ['null', null, null, 'null'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z', 'text'],
    ['an emoji', 'a😀', 'a😀', 'text'],
    ['a blob', new Uint8Array([0, 1, 2, 3]).subarray(1, 3), Buffer.from([1, 2]), 'blob'],
    ['an empty blob', new Uint8Array(), Buffer.from([]), 'blob'],
  ])('comes back as it went: %s', async (_what, value, expected, type) => {
    const connection = await (await oneDatabase(driver)).open();
    const { rows } = await connection.query('SELECT ? AS value, typeof(?) AS type', [value, value]);
    expect(rows).toEqual([{ value: expected, type }]);
  });

  it('that is a whole number stays one in a column of text', async () => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.query('CREATE TABLE t (a TEXT)');
    expect((await connection.query('INSERT INTO t VALUES (?) RETURNING a', [5])).rows).toEqual([{ a: '5' }]);
  });

  it.each<[string, readonly unknown[]]>([
    ['undefined', [undefined]],
    ['an object', [{ a: 1 }]],
    ['an array', [[1]]],
    ['NaN', [Number.NaN]],
    ['an integer beyond 64 bits', [2n ** 63n]],
    ['a text with NUL', ['a\0b']],
    ['too few', []],
    ['too many', [1, 2]],
  ])('is refused before anything runs: %s', async (_what, params) => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.query('CREATE TABLE t (a)');
    const inserting = connection.query('INSERT INTO t VALUES (?)', params as readonly Parameter[]);
    await expect(inserting).rejects.toMatchObject({ code: 'TENANTRY_INVALID_PARAMETER' });
    expect((await connection.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 0 }]);
  });

  it.each(['?1', ':a', '@a', '$a'])('has no place at %s', async (placeholder) => {
    const connection = await (await oneDatabase(driver)).open();
    await expect(connection.query(`SELECT ${placeholder}`, [1])).rejects.toMatchObject({
      code: 'TENANTRY_INVALID_PARAMETER',
    });
  });

  it.each(['query', 'lent'])('is one of at most 32,766: %s', async (door) => {
    const connection = await (await oneDatabase(driver)).open();
    const query = async (count: number): Promise<unknown> => {
      const sql = `SELECT ${Array.from({ length: count }, () => '?').join(' + ')} AS sum`;
      const values = Array.from({ length: count }, () => 1);
      if (door === 'query') return (await connection.query(sql, values)).rows;
      const { client, revoke } = connection.lend();
      try {
        return (client as import('better-sqlite3').Database).prepare(sql).all(values);
      } finally {
        revoke();
      }
    };
    expect(await query(900)).toEqual([{ sum: 900 }]);
    await expect(query(32_767)).rejects.toMatchObject({
      code: 'TENANTRY_INVALID_PARAMETER',
      message: expect.stringContaining('32767 parameters'),
      hint: expect.stringContaining('32766'),
    });
  });

  it('that the database generated is told exactly, and only for an insert', async () => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.query('CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE)');
    const insert = (id: Parameter, a: Parameter) =>
      connection.query('INSERT OR IGNORE INTO t VALUES (?, ?)', [id, a]);
    expect(await insert(null, 'x')).toEqual({ rows: [], affectedRows: 1, insertId: 1 });
    expect(await insert(9_007_199_254_740_993n, 'y')).toMatchObject({ insertId: 9_007_199_254_740_993n });
    expect(await insert(null, 'x')).toMatchObject({ affectedRows: 0, insertId: null });
    expect(await connection.query("UPDATE t SET a = a || '!'")).toMatchObject({
      affectedRows: 2,
      insertId: null,
    });
    expect(await connection.query('SELECT 1 AS a')).toMatchObject({ affectedRows: 0, insertId: null });
    const deleted = await connection.query('DELETE FROM t WHERE id > 1 RETURNING id');
    expect(deleted).toEqual({ rows: [{ id: 9_007_199_254_740_993n }], affectedRows: 1, insertId: null });
  });
});
