import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SqliteDatabase } from '../../../../src/engines/sqlite/lent/index.js';
import { TransactionWatch } from '../../../../src/engines/sqlite/lent/transaction-watch.js';
import { drivers, oneDatabase, rawHandle, temporaryFolder } from '../fixture.js';

const add = (id: number) => `INSERT INTO t (id, a) VALUES (${id}, 'x')`;
/** Fails, and takes the whole transaction with it. */
const UNDOES = 'INSERT OR ROLLBACK INTO t (id, a) VALUES (1, NULL)';
const ENDED = expect.objectContaining({ code: 'TENANTRY_TRANSACTION_ENDED' });

describe.each(drivers)('a transaction on a client of %s that SQLite has ended', (driver) => {
  /** A client of a file with one table, and what is in it. */
  async function lent() {
    const { open } = await oneDatabase(driver);
    const connection = await open();
    await connection.query('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)');
    const database = connection.lend().client as SqliteDatabase;
    const ids = () => database.prepare('SELECT id FROM t ORDER BY id').pluck().all();
    /** Begins like this, and has SQLite end it. */
    const broken = (...begin: string[]) => {
      for (const sql of begin) database.exec(sql);
      database.exec(add(1));
      expect(() => database.exec(UNDOES)).toThrow(/NOT NULL/);
    };
    return { connection, database, ids, broken };
  }

  it.each(['ROLLBACK', 'COMMIT'])('is not ended for a function of it by its own %s', async (ending) => {
    const { database, ids } = await lent();
    const work = database.transaction(() => {
      expect(() => database.exec(UNDOES)).toThrow(/NOT NULL/);
      expect(() => database.exec(ending)).toThrow(ENDED);
      expect(() => database.exec(add(2))).toThrow(ENDED);
    });
    expect(work).toThrow(ENDED);
    expect([ids(), database.inTransaction]).toEqual([[], false]);
  });

  it('is told by the RELEASE of the savepoint that began it, once', async () => {
    const { database, ids, broken } = await lent();
    broken('SAVEPOINT s');
    expect(() => database.exec('RELEASE s')).toThrow(ENDED);
    expect(database.inTransaction).toBe(false);
    database.exec(add(2));
    expect(ids()).toEqual([2]);
  });

  it.each(['RELEASE s', 'ROLLBACK TO s'])(
    'goes on to be told after %s of a savepoint in it',
    async (inner) => {
      const { database, ids, broken } = await lent();
      broken('BEGIN', 'SAVEPOINT s');
      expect(() => database.exec(inner)).toThrow(ENDED);
      expect(() => database.exec(add(2))).toThrow(ENDED);
      database.exec('ROLLBACK');
      expect([ids(), database.inTransaction]).toEqual([[], false]);
    },
  );

  it('is noticed where what ended it was iterated over', async () => {
    const { database, ids } = await lent();
    database.exec('BEGIN');
    const rows = () => [...database.prepare(`${UNDOES} RETURNING id`).iterate()];
    expect(rows).toThrow(/NOT NULL/);
    expect(() => database.exec(add(2))).toThrow(ENDED);
    expect(() => database.prepare('SELECT 1').iterate()).toThrow(ENDED);
    database.exec('ROLLBACK');
    expect(ids()).toEqual([]);
  });

  // better-sqlite3 runs nothing that writes while rows are given.
  if (driver === 'libsql')
    it('gives no further rows of an iteration that began in it', async () => {
      const { database } = await lent();
      database.exec('BEGIN');
      database.exec(`${add(1)}; ${add(2)}`);
      const rows = database.prepare('SELECT id FROM t').iterate();
      rows.next();
      expect(() => database.exec(UNDOES)).toThrow(/NOT NULL/);
      expect(() => rows.next()).toThrow(ENDED);
    });

  it('is noticed between two texts of one call', async () => {
    const { database, ids } = await lent();
    const work = database.transaction(() => {
      database.exec(add(1));
      expect(() => database.exec('COMMIT; BEGIN')).toThrow(ENDED);
      expect(() => database.exec(add(2))).toThrow(ENDED);
    });
    expect(work).toThrow(ENDED);
    expect([ids(), database.inTransaction]).toEqual([[1], false]);
  });

  it('was ended as it was meant to be, and another one begun, by COMMIT; BEGIN of its holder', async () => {
    const { connection, database, ids } = await lent();
    database.exec('BEGIN');
    database.exec(add(1));
    const before = connection.activity?.rests ?? 0;
    database.exec('COMMIT; BEGIN');
    // The time of a transaction begins anew.
    expect(connection.activity?.rests).toBe(before + 1);
    database.exec(add(2));
    database.exec('ROLLBACK');
    expect(ids()).toEqual([1]);
  });

  it('counts as open until its holder has learned of it, so that its time goes on', async () => {
    const { connection, database, broken } = await lent();
    broken('BEGIN');
    const { rests = -1 } = connection.activity ?? {};
    expect(() => database.exec(add(2))).toThrow(ENDED);
    expect(connection.activity).toMatchObject({ isInTransaction: true, rests });
    expect(() => database.exec('COMMIT')).toThrow(ENDED);
    expect(connection.activity).toMatchObject({ isInTransaction: false, rests: rests + 1 });
    database.exec('BEGIN');
    expect(() => database.exec(UNDOES)).toThrow(/NOT NULL/);
    expect(connection.activity).toMatchObject({ isInTransaction: true, rests: rests + 1 });
    database.exec('ROLLBACK');
    expect(connection.activity).toMatchObject({ isInTransaction: false, rests: rests + 2 });
  });

  it('is no matter of an iteration, whose time goes on with each row until its last or its failure', async () => {
    const { connection, database } = await lent();
    database.exec(`${add(1)}; ${add(2)}`);
    const { rests = -1 } = connection.activity ?? {};
    const rows = database.prepare('SELECT id FROM t').iterate();
    for (let row = 1; row <= 2; row++) {
      rows.next();
      expect(connection.activity).toMatchObject({ isInTransaction: true, rests: rests + 1 });
    }
    rows.next();
    expect(connection.activity).toMatchObject({ isInTransaction: false, rests: rests + 2 });
    expect(() => [...database.prepare("SELECT json(id || '{') FROM t").iterate()]).toThrow(/JSON/);
    expect(connection.activity?.isInTransaction).toBe(false);
  });

  it('by a COMMIT that failed is told to what follows, and to a ROLLBACK quietly', () => {
    const handle = rawHandle(driver, join(temporaryFolder(), 'Alpha.sqlite'));
    const watch = new TransactionWatch(handle);
    const run = (verb: string, ending?: 'commit' | 'rollback', work = () => void handle.exec(verb)) =>
      watch.run({ verb, ending }, work);
    for (const follows of ['nothing', 'a statement']) {
      run('begin');
      // As where the disk is full: SQLite rolls back and says so.
      const fails = () => {
        handle.exec('ROLLBACK');
        throw new Error('database or disk is full');
      };
      expect(() => run('commit', 'commit', fails)).toThrow('full');
      expect(watch.isBroken).toBe(true);
      if (follows === 'a statement')
        expect(() => run('select', undefined, () => expect.unreachable())).toThrow(ENDED);
      run('rollback', 'rollback');
      expect([watch.isBroken, handle.inTransaction]).toEqual([false, false]);
    }
  });

  it('is nobody’s any more once its connection was destroyed, nor are its rows', async () => {
    const { connection, database } = await lent();
    database.exec(`${add(1)}; ${add(2)}`);
    const rows = database.prepare('SELECT id FROM t').iterate();
    rows.next();
    const statement = database.prepare('SELECT 1');
    connection.destroy();
    const ended = expect.objectContaining({ code: 'TENANTRY_LEASE_ENDED' });
    for (const use of [() => rows.next(), () => statement.get(), () => database.exec('BEGIN')])
      expect(use).toThrow(ended);
    expect(database.open).toBe(false);
  });
});
