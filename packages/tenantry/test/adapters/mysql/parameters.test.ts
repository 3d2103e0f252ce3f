import type { Connection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { InvalidParameterError } from '../../../src/index.js';
import { useTenants } from './tenants.js';

onEngine('mysql', (engine) => {
  const test = useTenants(engine);
  const values = Array.from({ length: 65_536 }, () => 1);
  const sql = `SELECT 1 IN (${values.map(() => '?').join()}) AS a`;
  const mysql = () => mysqlPool(test.tenancy, { tenant: test.a });
  const mariadb = () => mariadbPool(test.tenancy, { tenant: test.a });

  describe('more parameters than a prepared statement can have', () => {
    const doors: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['mysqlPool', () => mysql().promise().execute(sql, values)],
      ['mysqlPool, with an object', () => mysql().promise().execute({ sql, values })],
      ['mysqlPool, with a callback', () => new Promise((_, reject) => mysql().execute(sql, values, reject))],
      ['mariadbPool', () => mariadb().execute(sql, values)],
      ['mariadbPool, with an object', () => mariadb().execute({ sql, values } as never)],
      ['mariadbPool, with many rows', () => mariadb().batch(sql, [values, values])],
    ];

    it.each(doors)('are refused before anything is sent: %s', async (_door, attempt) => {
      const error = await attempt().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidParameterError);
      expect(error).toMatchObject({ message: expect.stringContaining('65536 parameters') });
      expect(error).toMatchObject({ hint: expect.stringContaining('65535') });
      await expect.poll(() => test.inUse()).toBe(0);
    });

    it('are refused by a lent client, which goes on', async () => {
      const lease = await test.tenancy.clients(test.a).acquire();
      const client = (lease.client as Connection).promise();
      await client.beginTransaction();
      await expect(client.execute(sql, values)).rejects.toThrow(InvalidParameterError);
      expect((await client.execute('SELECT ? AS a', [2]))[0]).toEqual([{ a: 2 }]);
      await client.commit();
      lease.release();
    });

    it('are taken where they are written into the text', async () => {
      expect(await test.tenancy.session(test.a).query(sql, values)).toEqual([{ a: 1 }]);
      expect((await mysql().promise().query(sql, values))[0]).toEqual([{ a: 1 }]);
      expect(await mariadb().query(sql, values)).toMatchObject([{ a: 1 }]);
    });
  });

  describe('a list of values', () => {
    const text = 'SELECT 2 IN (?) AS a';

    it.each([
      [
        'mysqlPool',
        async () =>
          (
            await mysql()
              .promise()
              .query(text, [[1n, 2n]])
          )[0],
      ],
      ['mariadbPool', () => mariadb().query(text, [[1n, 2n]])],
      ['mariadbPool, lists in a list', () => mariadb().query('SELECT 2 IN (?) AS a', [[[1n], [2n]]])],
      ['mariadbPool, with an object', () => mariadb().query({ sql: text, values: [[1n, 2n]] } as never)],
    ])('has what a value may be: %s', async (_door, query) => {
      expect(await query()).toMatchObject([{ a: 1 }]);
    });

    it('is refused where it goes round in a circle', async () => {
      const list: unknown[] = [];
      list.push(1, [list]);
      for (const door of [() => mysql().promise().query(text, [list]), () => mariadb().query(text, [list])])
        await expect(door()).rejects.toMatchObject({ code: 'TENANTRY_INVALID_PARAMETER' });
    });
  });

  describe('an object in the place of values', () => {
    const unsendable = { a: 1n } as never;

    it.each([
      ['query', () => mariadb().query('SELECT ? AS a', unsendable)],
      ['execute', () => mariadb().execute('SELECT ? AS a', unsendable)],
      ['batch', () => mariadb().batch('INSERT INTO notes (text) VALUES (?)', [unsendable])],
    ])('is one value: %s', async (_door, attempt) => {
      await expect(attempt()).rejects.toThrow(InvalidParameterError);
    });

    it('has them where they are named, by the statement or by the pool', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a, values: { namedPlaceholders: true } });
      const sql = 'SELECT CAST(:a AS CHAR) AS a';
      const rows = [{ a: '1' }];
      expect(await mariadb().query({ sql, namedPlaceholders: true }, { a: 1n })).toMatchObject(rows);
      expect(await pool.execute(sql, { a: 1n })).toMatchObject(rows);
    });
  });

  describe('the rows of a batch', () => {
    const insert = 'INSERT INTO notes (text) VALUES (?)';

    it('are judged one by one where they are with the text', async () => {
      await mariadb().batch({ sql: insert, values: [[1n], ['two']] } as never);
      const notes = 'SELECT text FROM notes ORDER BY text';
      expect(await mariadb().query(notes)).toMatchObject([{ text: '1' }, { text: 'two' }]);
    });

    it('are those with the text, if there are others', async () => {
      const { batch } = mariadb();
      const sent = (values: unknown, others: unknown) =>
        batch.call(mariadb(), { sql: insert, values } as never, others as never);
      await expect(sent([[{ a: 1n }]], [['a']])).rejects.toThrow(InvalidParameterError);
      expect(await sent([['a']], [[{ a: 1n }]])).toMatchObject([{ affectedRows: 1 }]);
    });
  });
});
