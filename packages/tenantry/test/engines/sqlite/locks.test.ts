import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { SqliteConnection } from '../../../src/engines/sqlite/connection.js';
import { identifyFile } from '../../../src/engines/sqlite/database-file.js';
import type { DriverHandle } from '../../../src/engines/sqlite/driver-handle.js';
import { FileProof } from '../../../src/engines/sqlite/file-proof.js';
import { checkScript } from '../../../src/engines/sqlite/statement-rules.js';
import { connect, drivers, kindOf, oneDatabase, rawHandle, serverOn, temporaryFolder } from './fixture.js';

/** Turns of the event loop: more than any wait that stopped the loop would let by. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function twoConnections(driver: (typeof drivers)[number], parameters = '') {
  const { open } = await oneDatabase(driver, parameters);
  const holder = await open();
  const waiter = await open();
  await holder.query('CREATE TABLE t (a)');
  return { holder, waiter };
}

describe.each(drivers)('a statement that meets a lock, through %s', (driver) => {
  it.each([
    ['a statement', 'INSERT INTO t VALUES (2)'],
    ['a statement with rows', 'INSERT INTO t VALUES (2) RETURNING a'],
    ['the beginning of a transaction', undefined],
  ])('waits without stopping the event loop: %s', async (_what, sql) => {
    const { holder, waiter } = await twoConnections(driver);
    await holder.begin();
    await holder.query('INSERT INTO t VALUES (1)');
    let done = false;
    const waiting = (sql === undefined ? waiter.begin() : waiter.query(sql)).then(() => {
      done = true;
    });
    await turns(20);
    expect(done).toBe(false);
    expect(waiter.isClean()).toBe(false);
    await holder.commit();
    await waiting;
    if (sql === undefined) {
      await waiter.query('INSERT INTO t VALUES (2)');
      await waiter.commit();
    }
    expect((await waiter.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 2 }]);
    expect(waiter.isClean()).toBe(true);
  });

  it('fails with kind lock-timeout when its time is up, and the connection stays good', async () => {
    const { holder, waiter } = await twoConnections(driver, '&busyTimeoutMs=20');
    await holder.begin();
    expect(await kindOf(waiter.query('INSERT INTO t VALUES (2)'))).toBe('lock-timeout');
    expect(await kindOf(waiter.begin())).toBe('lock-timeout');
    await holder.rollback();
    expect(waiter.isClean()).toBe(true);
    expect(await waiter.query('INSERT INTO t VALUES (2)')).toMatchObject({ affectedRows: 1 });
  });

  it('fails at once where no time is given', async () => {
    const { holder, waiter } = await twoConnections(driver, '&busyTimeoutMs=0');
    await holder.begin();
    expect(await kindOf(waiter.begin())).toBe('lock-timeout');
  });

  it('is not run when the connection is destroyed meanwhile, and says so', async () => {
    const { holder, waiter } = await twoConnections(driver);
    await holder.begin();
    let ended = false;
    const waiting = waiter.query('INSERT INTO t VALUES (2)').finally(() => {
      ended = true;
    });
    waiting.catch(() => {});
    await turns(3);
    expect(ended).toBe(false);
    await waiter.cancel(1000);
    await turns(1);
    expect(ended).toBe(true);
    await expect(waiting).rejects.toBeInstanceOf(NotSentError);
    await holder.commit();
    expect((await holder.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 0 }]);
  });

  it('inside a transaction whose snapshot is too old fails at once: waiting cannot help', async () => {
    const { holder, waiter } = await twoConnections(driver, '&busyTimeoutMs=600000');
    await waiter.query('BEGIN DEFERRED');
    await waiter.query('SELECT a FROM t');
    await holder.query('INSERT INTO t VALUES (1)');
    expect(await kindOf(waiter.query('INSERT INTO t VALUES (2)'))).toBe('deadlock');
    expect(waiter.isClean()).toBe(false);
    await waiter.rollback();
    expect(waiter.isClean()).toBe(true);
  });

  it('does not make readers wait', async () => {
    const { holder, waiter } = await twoConnections(driver);
    await holder.begin();
    await holder.query('INSERT INTO t VALUES (1)');
    expect((await waiter.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 0 }]);
  });

  it('gets its turn beside others that want the same lock', async () => {
    const { open } = await oneDatabase(driver);
    const connections = await Promise.all(Array.from({ length: 6 }, open));
    await connections[0]?.query('CREATE TABLE t (a)');
    await Promise.all(
      connections.map(async (connection, index) => {
        for (let round = 0; round < 5; round++) {
          await connection.begin();
          await connection.query('INSERT INTO t VALUES (?)', [index]);
          await turns(1);
          await connection.commit();
        }
      }),
    );
    expect((await connections[0]?.query('SELECT count(*) AS n FROM t'))?.rows).toEqual([{ n: 30 }]);
  });
});

describe.each(drivers)('a statement of a script, through %s', (driver) => {
  it('is not run a second time where a lock is in the way of what SQLite is asked after it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'Alpha.sqlite');
    const real = rawHandle(driver, path);
    real.exec('CREATE TABLE t (a)');
    let looks = 0;
    const handle: DriverHandle = {
      get inTransaction() {
        return real.inTransaction;
      },
      exec: (sql) => real.exec(sql),
      close: () => {},
      prepare: (sql) => {
        const statement = real.prepare(sql);
        if (!sql.includes('pragma_database_list')) return statement;
        const all = () => {
          looks++;
          throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_RECOVERY' });
        };
        return { reader: true, all, run: all, safeIntegers: () => {} };
      },
    };
    const proof = new FileProof(path, identifyFile(path));
    const open = { database: 'Alpha', folder, proof, handle, busyTimeoutMs: 5000 };
    const connection = new SqliteConnection(open);
    const [rule] = checkScript('ALTER TABLE t ADD COLUMN b');
    if (rule === undefined) throw new Error('no statement');
    await expect(connection.runOfScript(rule)).rejects.toMatchObject({ kind: 'other' });
    expect(looks).toBe(1);
    expect(real.prepare('SELECT b FROM t').all([])).toEqual([]);
  });
});

describe.each(drivers)('opening a file that another connection keeps locked, through %s', (driver) => {
  async function lockedFile() {
    const folder = temporaryFolder();
    const lock = rawHandle(driver, join(folder, 'Alpha.sqlite'));
    // As a program makes it that knows nothing of write-ahead logging.
    lock.exec('CREATE TABLE t (a)');
    lock.exec('BEGIN EXCLUSIVE');
    return { lock, server: serverOn(folder, driver) };
  }

  it('waits until it is free', async () => {
    const { lock, server } = await lockedFile();
    const opening = connect(server, 'Alpha');
    await turns(10);
    lock.exec('COMMIT');
    expect((await (await opening).query('PRAGMA journal_mode')).rows).toEqual([{ journal_mode: 'wal' }]);
  });

  it('is given up when its time is up', async () => {
    const { server } = await lockedFile();
    expect(await kindOf(server.open('Alpha', { timeoutMs: 20 }))).toBe('lock-timeout');
  });

  it('is given up when the caller says so', async () => {
    const { server } = await lockedFile();
    const caller = new AbortController();
    const opening = kindOf(server.open('Alpha', { timeoutMs: 600_000, signal: caller.signal }));
    await turns(3);
    caller.abort();
    expect(await opening).toBe('cancelled');
    expect(await kindOf(server.open('Alpha', { timeoutMs: 600_000, signal: caller.signal }))).toBe(
      'cancelled',
    );
  });
});
