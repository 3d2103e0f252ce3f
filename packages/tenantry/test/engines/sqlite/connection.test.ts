import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { drivers, kindOf, oneDatabase } from './fixture.js';

describe.each(drivers)('a connection to a file, through %s', (driver) => {
  it('says the name of its database as SQLite knows it', async () => {
    const connection = await (await oneDatabase(driver)).open();
    expect(await connection.currentDatabase()).toBe('Alpha');
  });

  it.each([
    'BEGIN',
    'SAVEPOINT a',
    'CREATE TEMP TABLE x (a)',
    'CREATE VIEW temp.v AS SELECT 1',
    'CREATE TABLE "TEMP".y (a)',
  ])('is not clean after %s', async (sql) => {
    const connection = await (await oneDatabase(driver)).open();
    expect(connection.isClean()).toBe(true);
    await connection.query(sql);
    expect(connection.isClean()).toBe(false);
    expect(connection.isAlive()).toBe(true);
  });

  it('in a transaction that only reads writes nothing, not even against its will', async () => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.query('CREATE TABLE t (a)');
    await connection.begin({ readOnly: true });
    expect(await kindOf(connection.query('INSERT INTO t VALUES (1)'))).toBe('read-only');
    expect(await kindOf(connection.query('PRAGMA query_only = 0'))).toBe('access-denied');
    await connection.commit();
    expect(connection.isClean()).toBe(true);
    expect(await connection.query('INSERT INTO t VALUES (1)')).toMatchObject({ affectedRows: 1 });
  });

  it('is not clean while it may only read, though its transaction was ended by hand', async () => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.begin({ readOnly: true });
    await connection.query('COMMIT');
    expect(connection.isClean()).toBe(false);
  });

  it.each(['read committed', 'repeatable read'] as const)(
    'refuses the isolation level %s',
    async (isolationLevel) => {
      const connection = await (await oneDatabase(driver)).open();
      await expect(connection.begin({ isolationLevel })).rejects.toMatchObject({
        code: 'TENANTRY_INVALID_OPTION',
      });
      expect(connection.isClean()).toBe(true);
      await connection.begin({ isolationLevel: 'serializable' });
      await connection.rollback();
    },
  );

  it('answers a statement that it knows by the schema of now', async () => {
    const { open } = await oneDatabase(driver);
    const [one, other] = [await open(), await open()];
    await one.query('CREATE TABLE t (a)');
    await one.query('INSERT INTO t VALUES (1)');
    expect((await one.query('SELECT * FROM t')).rows).toEqual([{ a: 1 }]);
    await other.query('ALTER TABLE t ADD COLUMN b DEFAULT 2');
    expect((await one.query('SELECT * FROM t')).rows).toEqual([{ a: 1, b: 2 }]);
    await other.query('DROP TABLE t');
    expect(await kindOf(one.query('SELECT * FROM t'))).toBe('missing-table');
  });

  it('goes on with any number of different statements', async () => {
    const connection = await (await oneDatabase(driver)).open();
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 200; n++) {
        expect((await connection.query(`SELECT ${n} AS n, ? AS p`, [round])).rows).toEqual([{ n, p: round }]);
      }
    }
  });

  it('knows a statement that is used often beside any number of others', async () => {
    const connection = await (await oneDatabase(driver)).open();
    for (let n = 0; n < 200; n++) {
      expect((await connection.query('SELECT ? AS often', [n])).rows).toEqual([{ often: n }]);
      expect((await connection.query(`SELECT ${n} AS n`)).rows).toEqual([{ n }]);
    }
  });

  it('keeps no lock and no snapshot after a statement that failed half-way', async () => {
    const { open } = await oneDatabase(driver);
    const [one, other] = [await open(), await open()];
    await one.query('CREATE TABLE t (a)');
    await one.query('INSERT INTO t VALUES (1), (2)');
    await expect(
      one.query('SELECT CASE WHEN a = 2 THEN abs(-9223372036854775808) END FROM t'),
    ).rejects.toThrow();
    await other.query('INSERT INTO t VALUES (3)');
    expect((await one.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 3 }]);
    expect(one.isClean()).toBe(true);
  });

  it.each([
    ['unique-violation', 'INSERT INTO t VALUES (1, 1)'],
    ['unique-violation', 'INSERT INTO t VALUES (2, 1)'],
    ['constraint-violation', 'INSERT INTO t VALUES (2, NULL)'],
    ['constraint-violation', 'INSERT INTO child VALUES (9)'],
    ['missing-table', 'SELECT * FROM nope'],
    ['syntax', 'SELECT FROM WHERE'],
  ])('says %s for %s', async (kind, sql) => {
    const { provisioning, open } = await oneDatabase(driver);
    await provisioning.runScript(
      'Alpha',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a INT NOT NULL UNIQUE); CREATE TABLE child (t REFERENCES t (id));
       INSERT INTO t VALUES (1, 1);`,
    );
    expect(await kindOf((await open()).query(sql))).toBe(kind);
  });
});

describe.each(drivers)('a connection that has ended, through %s', (driver) => {
  it.each(['close', 'destroy'] as const)('by %s runs nothing, not even what it has prepared', async (end) => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.query('SELECT 1');
    await connection[end]();
    await connection[end]();
    await expect(connection.query('SELECT 1')).rejects.toBeInstanceOf(NotSentError);
    await expect(connection.begin()).rejects.toBeInstanceOf(NotSentError);
    await expect(connection.ping()).rejects.toBeInstanceOf(NotSentError);
    expect(connection.isClean()).toBe(false);
    expect(connection.isAlive()).toBe(false);
  });

  it('in a transaction has rolled it back and holds no lock', async () => {
    const { open } = await oneDatabase(driver, '&busyTimeoutMs=0');
    const [gone, other] = [await open(), await open()];
    await gone.query('CREATE TABLE t (a)');
    await gone.begin();
    await gone.query('INSERT INTO t VALUES (1)');
    gone.destroy();
    await other.query('INSERT INTO t VALUES (2)');
    expect((await other.query('SELECT a FROM t')).rows).toEqual([{ a: 2 }]);
  });

  it.runIf(process.platform === 'linux')('does not keep its file open for ever', async () => {
    const { server, folder } = await oneDatabase(driver);
    let most = 0;
    for (let round = 0; round < 300; round++) {
      const connection = await server.open('Alpha', { timeoutMs: 1000 });
      await connection.query('SELECT 1');
      await connection.close();
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, openFilesIn(folder));
    }
    expect(most).toBeLessThan(200);
  });
});

function openFilesIn(folder: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}
