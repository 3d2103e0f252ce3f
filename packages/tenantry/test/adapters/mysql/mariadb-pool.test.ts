import mariadb, { type Connection, type FieldInfo, type Pool } from 'mariadb';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { sharedServer } from '../../../../../test/helpers/environment.js';
import { mariadbPool } from '../../../src/adapters/mysql/index.js';
import { InvalidOptionError, LeaseEndedError, NoTenantError, NotSupportedError } from '../../../src/index.js';
import { useTenants, WHO } from './tenants.js';

onEngine('mysql', (engine) => {
  const test = useTenants(engine);
  const inA = <T>(work: () => T | PromiseLike<T>) => test.tenancy.run(test.a, work);
  const inB = <T>(work: () => T | PromiseLike<T>) => test.tenancy.run(test.b, work);
  const isQuiet = () => expect.poll(() => test.inUse()).toBe(0);
  let bare: Connection;
  beforeAll(async () => {
    if (engine.skipReason !== undefined) return;
    const { hostname: host, port, username: user } = new URL(sharedServer('mysql').tcpUrl);
    const own = { host, port: Number(port), user, timezone: 'Z', database: 'mysql' };
    bare = await mariadb.createConnection(own);
  });
  afterAll(() => bare?.end());

  describe('the pool of the mariadb driver', () => {
    it('sends each call to the tenant of its context', async () => {
      const pool = mariadbPool(test.tenancy);
      const asked = [inA(() => pool.query(WHO)), inB(() => pool.query(WHO)), inB(() => pool.execute(WHO))];
      const names = (await Promise.all(asked)).map((rows) => rows[0].name);
      expect(names).toEqual([test.a, test.b, test.b]);
      await isQuiet();
    });

    it('refuses before any I/O where no tenant is in context, and what is no name', async () => {
      const pool = mariadbPool(test.tenancy);
      await expect(pool.query(WHO)).rejects.toBeInstanceOf(NoTenantError);
      await expect(pool.getConnection()).rejects.toBeInstanceOf(NoTenantError);
      expect(() => mariadbPool(test.tenancy, { tenant: undefined } as never)).toThrow(InvalidOptionError);
    });

    it.each([
      ['integers', 'SELECT 1 AS i, CAST(9007199254740993 AS SIGNED) AS b, CAST(1 AS UNSIGNED) AS u'],
      ['decimals', 'SELECT 1.50 AS d, 1e3 AS f, TRUE AS t'],
      [
        'dates',
        "SELECT DATE '2026-01-02' AS d, TIMESTAMP '2026-01-02 03:04:05.678' AS t, TIME '10:00:00' AS z",
      ],
      ['texts', "SELECT 'é😀' AS s, NULL AS n, x'00ff' AS b, '' AS e"],
      ['bits and JSON', "SELECT b'1' AS b, JSON_OBJECT('a', 1) AS j"],
      ['many rows', 'SELECT seq AS n, REPEAT("x", 100) AS t FROM seq_1_to_3000'],
      ['one long row', 'SELECT REPEAT("x", 300000) AS t'],
      ['a row of more than one packet', 'SELECT REPEAT("x", 16777300) AS t'],
    ])('gives the results that the driver gives: %s', async (_what, sql) => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      for (const method of ['query', 'execute'] as const) {
        const [ours, theirs] = [await pool[method](sql), await bare[method](sql)];
        expect(ours).toEqual(theirs);
        const told = (rows: typeof ours) =>
          rows.meta.map((field: FieldInfo) => [field.name(), field.type, field.flags, field.columnLength]);
        expect(told(ours)).toEqual(told(theirs));
      }
      expect(await pool.query({ sql, rowsAsArray: true })).toEqual(
        await bare.query({ sql, rowsAsArray: true }),
      );
    });

    it('keeps to the options of the statement and of the pool', async () => {
      const pool = mariadbPool(test.tenancy, {
        tenant: test.a,
        values: { bigIntAsNumber: true, dateStrings: true },
      });
      const sql = "SELECT CAST(7 AS SIGNED INTEGER) + 7000000000 AS n, DATE '2026-01-02' AS d";
      expect(await pool.query(sql)).toEqual([{ n: 7000000007, d: '2026-01-02' }]);
      expect(await pool.query({ sql, bigIntAsNumber: false })).toEqual([{ n: 7000000007n, d: '2026-01-02' }]);
      expect(await pool.query({ sql: 'SELECT :a AS a', namedPlaceholders: true }, { a: "it's \\" })).toEqual([
        { a: "it's \\" },
      ]);
    });

    it('tells of changes as the driver does, batches included', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      const insert = 'INSERT INTO notes (text) VALUES (?)';
      expect(await pool.query(insert, ['one'])).toMatchObject({
        affectedRows: 1,
        insertId: 1n,
        warningStatus: 0,
      });
      expect(await pool.execute(insert, ['two'])).toMatchObject({ affectedRows: 1, insertId: 2n });
      const batch = await pool.batch({ sql: insert, fullResult: false } as never, [['three'], ['four']]);
      expect(batch).toMatchObject({ affectedRows: 2 });
      expect(await pool.query('SELECT COUNT(*) AS n FROM notes')).toEqual([{ n: 4n }]);
      await expect(pool.query(insert, ['one'])).rejects.toMatchObject({ errno: 1062, code: 'ER_DUP_ENTRY' });
      await expect(pool.query(insert, ['one'])).rejects.toBeInstanceOf(mariadb.SqlError);
      await isQuiet();
    });

    it('runs transactions, and closes what comes back in one', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.b });
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await connection.query("INSERT INTO notes (text) VALUES ('kept')");
      await connection.commit();
      await connection.beginTransaction();
      await connection.query("INSERT INTO notes (text) VALUES ('lost')");
      await connection.release();
      expect(await pool.query('SELECT text FROM notes')).toEqual([{ text: 'kept' }]);
    });

    it('streams, at the pace of whoever reads', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      const connection = await pool.getConnection();
      let rows = 0;
      for await (const row of connection.queryStream(
        'SELECT seq AS n, REPEAT("x", 1000) AS t FROM seq_1_to_5000',
      )) {
        expect(row.n).toBe(BigInt(++rows));
        if (rows % 1000 === 0) await new Promise(setImmediate);
      }
      expect(rows).toBe(5000);
      await connection.release();
      await isQuiet();
      expect(await pool.query(WHO)).toEqual([{ name: test.a }]);
    });

    it('pipelines, and answers each', async () => {
      const connection = await mariadbPool(test.tenancy, { tenant: test.a }).getConnection();
      const asked = Array.from({ length: 50 }, (_, n) => connection.query('SELECT ? AS n', [n]));
      expect((await Promise.all(asked)).map(([row]) => row.n)).toEqual(asked.map((_, n) => n));
      const statement = await connection.prepare('SELECT ? AS n');
      expect(await statement.execute([7])).toEqual([{ n: 7 }]);
      statement.close();
      await connection.ping();
      await connection.release();
    });

    it('keeps connections, and leaves nothing in them', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      const { opened, doubtful } = test.totals();
      for (let i = 0; i < 5; i++) {
        const connection = await pool.getConnection();
        expect(await connection.query('SELECT @left AS trace')).toEqual([{ trace: null }]);
        await connection.query('SET @left = 1');
        await connection.prepare(WHO);
        await connection.release();
        await expect(pool.query('NONSENSE')).rejects.toThrow();
      }
      expect(test.totals()).toMatchObject({ opened, doubtful });
    });

    it('costs no reset for plain statements', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      await pool.query(WHO);
      const { resets } = test.totals();
      await pool.query('SELECT name FROM who WHERE name = ?', [test.a]);
      await pool.execute('SELECT name FROM who WHERE name = ?', [test.a]);
      await isQuiet();
      expect(test.totals().resets).toBe(resets);
    });

    it('has connections that end with their release', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      const connection = await pool.getConnection();
      const statement = await connection.prepare(WHO);
      await connection.release();
      await connection.release();
      await expect(connection.query(WHO)).rejects.toBeInstanceOf(LeaseEndedError);
      expect(() => connection.queryStream(WHO)).toThrow(LeaseEndedError);
      await expect(statement.execute([])).rejects.toThrow();
      await isQuiet();
    });

    it('hears of a connection that is lost under way', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      const connection = await pool.getConnection();
      const outcome = expect(connection.query('SELECT SLEEP(30)')).rejects.toMatchObject({ fatal: true });
      await test.tenancy.central.query(`KILL ${connection.threadId}`);
      await outcome;
      await connection.release();
      await isQuiet();
      expect(await pool.query(WHO)).toEqual([{ name: test.a }]);
    });

    it('refuses changeUser, importFile and local files', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      const connection = await pool.getConnection();
      await expect(connection.changeUser({ user: 'x' })).rejects.toBeInstanceOf(NotSupportedError);
      await expect(connection.importFile({ file: '/x' } as never)).rejects.toBeInstanceOf(NotSupportedError);
      await expect(pool.importFile({ file: '/x' })).rejects.toBeInstanceOf(NotSupportedError);
      await expect(
        connection.query("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE who"),
      ).rejects.toThrow();
      await connection.release();
    });

    it('closes with end() this pool and nothing else', async () => {
      const pool = mariadbPool(test.tenancy, { tenant: test.a });
      await pool.end();
      await expect(pool.query(WHO)).rejects.toThrow('pool is closed');
      expect(await mariadbPool(test.tenancy, { tenant: test.a }).query(WHO)).toHaveLength(1);
    });
  });

  it("is typed as the driver's own", () => {
    expectTypeOf(mariadbPool).returns.toEqualTypeOf<Pool>();
    expectTypeOf<{ tenant: undefined }>().not.toExtend<NonNullable<Parameters<typeof mariadbPool>[1]>>();
  });
});
