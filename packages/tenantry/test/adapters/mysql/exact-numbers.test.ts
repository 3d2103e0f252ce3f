import type { Connection as Mysql2 } from 'mysql2';
import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import type { Executor } from '../../../src/session/session.js';
import { useTenants } from './tenants.js';

/** What 53 bits, what a signed and what an unsigned number of 64 bits just do not hold any more, and its last one. */
const KEYS = [9_007_199_254_740_993n, 9_223_372_036_854_775_809n, 18_446_744_073_709_551_614n];
const INSERT = 'INSERT INTO keyed () VALUES ()';
const JSON_TEXT =
  '{"id": 9007199254740993, "list": [-9007199254740993, 18446744073709551615, 1], "text": "9007199254740993 \\"1234567890123456789", "9007199254740993": 1.5}';
const EXACT_JSON = {
  id: '9007199254740993',
  list: ['-9007199254740993', '18446744073709551615', 1],
  text: '9007199254740993 "1234567890123456789',
  '9007199254740993': 1.5,
};

onEngine('mysql', (engine) => {
  const test = useTenants(engine);

  beforeAll(async () => {
    const session = test.tenancy.session(test.a);
    await session.execute('CREATE TABLE keyed (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY)');
    await session.execute('CREATE TABLE documents (id INT NOT NULL PRIMARY KEY, doc JSON)');
    await session.execute('INSERT INTO documents VALUES (1, ?)', [JSON_TEXT]);
  });

  const session = () => test.tenancy.session(test.a);
  const borrowed = async <T>(work: (client: Mysql2) => Promise<T>) => {
    const lease = await test.tenancy.clients(test.a).acquire();
    try {
      return await work(lease.client as Mysql2);
    } finally {
      lease.release();
    }
  };
  const mysql = () => mysqlPool(test.tenancy, { tenant: test.a }).promise();
  const mariadb = (values = {}) => mariadbPool(test.tenancy, { tenant: test.a, values });
  const keyOf = (work: (executor: Executor) => Promise<{ insertId: unknown }>, executor: Executor) =>
    work(executor).then(({ insertId }) => insertId);
  const ofHeader = ([header]: readonly unknown[]) => (header as { readonly insertId: unknown }).insertId;

  describe('a generated key beyond what a number holds', () => {
    beforeAll(() => session().execute('TRUNCATE keyed'));

    const doors: readonly (readonly [string, (sql: string) => Promise<unknown>])[] = [
      ['a session', (sql) => keyOf((each) => each.execute(sql), session())],
      [
        'a transaction',
        (sql) => session().transaction((transaction) => keyOf((each) => each.execute(sql), transaction)),
      ],
      ['mysqlPool: query', async (sql) => ofHeader(await mysql().query(sql))],
      ['mysqlPool: execute', async (sql) => ofHeader(await mysql().execute(sql))],
      [
        'a lent client: query',
        (sql) => borrowed(async (client) => ofHeader(await client.promise().query(sql))),
      ],
      [
        'a lent client: execute',
        (sql) => borrowed(async (client) => ofHeader(await client.promise().execute(sql))),
      ],
      ['mariadbPool: query', async (sql) => (await mariadb().query(sql)).insertId],
      ['mariadbPool: execute', async (sql) => (await mariadb().execute(sql)).insertId],
      ['mariadbPool: batch', async (sql) => [await mariadb().batch(sql, [[]])].flat()[0]?.insertId],
      [
        'mariadbPool: as texts',
        async (sql) => (await mariadb({ supportBigNumbers: true }).query(sql)).insertId,
      ],
      [
        'mariadbPool: with descriptions apart',
        async (sql) => (await mariadb({ metaAsArray: true }).query(sql))[0].insertId,
      ],
      [
        'mariadbPool: prepared',
        async (sql) => {
          const connection = await mariadb().getConnection();
          try {
            return (await (await connection.prepare(sql)).execute([])).insertId;
          } finally {
            await connection.release();
          }
        },
      ],
    ];

    it.each(doors)('is whole, and never negative: %s', async (_door, insert) => {
      for (const key of KEYS) {
        await session().execute('TRUNCATE keyed');
        await session().execute(`ALTER TABLE keyed AUTO_INCREMENT = ${key - 1n}`);
        await session().execute(INSERT);
        const told = await insert(INSERT);
        expect(BigInt(told as string)).toBe(key);
        expect(typeof told).not.toBe('number');
        expect(
          await session().query('SELECT id FROM keyed WHERE id >= ? ORDER BY id LIMIT 1', [key]),
        ).toEqual([{ id: String(key) }]);
      }
    });
  });

  it('of a mariadb pool that asks for numbers is rounded, and never negative', async () => {
    const values = { insertIdAsNumber: true, checkNumberRange: false };
    await session().execute('TRUNCATE keyed');
    await session().execute(`ALTER TABLE keyed AUTO_INCREMENT = ${KEYS[1]}`);
    expect((await mariadb(values).query(INSERT)).insertId).toBe(2 ** 63);
  });

  describe('an integer in JSON beyond what a number holds', () => {
    const READ = 'SELECT doc FROM documents';
    const doors: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['a session', () => session().query(READ)],
      ['a transaction', () => session().transaction((transaction) => transaction.query(READ))],
      ['mysqlPool: query', async () => (await mysql().query(READ))[0]],
      ['mysqlPool: execute', async () => (await mysql().execute(READ))[0]],
      ['a lent client', () => borrowed(async (client) => (await client.promise().query(READ))[0])],
    ];

    it.each(doors)('is a text, as from a column: %s', async (_door, read) => {
      expect(await read()).toEqual([{ doc: EXACT_JSON }]);
    });

    it('is as the options of the driver say, where it is asked for otherwise', async () => {
      const strings = mysqlPool(test.tenancy, { tenant: test.a, jsonStrings: true }).promise();
      expect((await strings.query(READ))[0]).toEqual([{ doc: JSON_TEXT }]);
      const numbers = mysqlPool(test.tenancy, { tenant: test.a, supportBigNumbers: false }).promise();
      expect((await numbers.query(READ))[0]).toEqual([{ doc: JSON.parse(JSON_TEXT) }]);
      expect(await mariadb({ jsonStrings: true }).query(READ)).toEqual([{ doc: JSON_TEXT }]);
    });
  });
});
