import { describe, expect, it } from 'vitest';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import { onSqlite } from './fixture.js';

onSqlite((open) => {
  describe('a transaction function', () => {
    it('commits, rolls back, and nests, as better-sqlite3’s does', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const insert = database.prepare('INSERT INTO users VALUES (?, ?)');
      const add = database.transaction((id: number, fails: boolean) => {
        insert.run(id, 'x');
        if (fails) throw new Error('no');
        return database.inTransaction;
      });
      const ids = () => database.prepare('SELECT id FROM users ORDER BY id').pluck().all();
      expect(add(2, false)).toBe(true);
      expect(() => add.immediate(3, true)).toThrow('no');
      expect(ids()).toEqual([1, 2]);
      const nest = database.transaction(() => {
        add(4, false);
        expect(() => add(5, true)).toThrow('no');
        add(6, false);
      });
      nest.exclusive();
      expect(ids()).toEqual([1, 2, 4, 6]);
      expect(() => database.transaction(async () => {})()).toThrow(TypeError);
      expect(database.inTransaction).toBe(false);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });
  });

  describe('a transaction that begins in one call and ends in another', () => {
    it('has a handle of its own: what others insert meanwhile is not swallowed into it', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy);
      const ids = () => database.prepare('SELECT id FROM users ORDER BY id').pluck().all();
      await tenancy.run(one, async () => {
        database.exec('BEGIN');
        expect(ids()).toEqual([1]);
        await new Promise((resolve) => setImmediate(resolve));
        // Others' requests, through the same object.
        const beside = await captured(() =>
          tenancy.session(one).execute("INSERT INTO users VALUES (2, 'b')"),
        );
        expect(beside).toBe('done');
        expect(ids()).toEqual([1]);
        expect(database.inTransaction).toBe(true);
        database.exec('ROLLBACK');
        expect(database.inTransaction).toBe(false);
        expect(ids()).toEqual([1, 2]);
      });
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it('is seen by the run in which it began, and by no other', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy);
      const ids = database.prepare('SELECT id FROM users ORDER BY id').pluck();
      let inserted = () => {};
      const whenInserted = new Promise<void>((resolve) => {
        inserted = resolve;
      });
      const first = tenancy.run(one, async () => {
        database.exec('BEGIN IMMEDIATE');
        database.exec("INSERT INTO users VALUES (2, 'b')");
        inserted();
        await new Promise((resolve) => setImmediate(resolve));
        expect(await tenancy.run(one, () => ids.all())).toEqual([1, 2]);
        database.exec('COMMIT');
      });
      const second = tenancy.run(one, async () => {
        await whenInserted;
        expect(ids.all()).toEqual([1]);
        expect(database.inTransaction).toBe(false);
        // It cannot wait, and does not stop the event loop to wait all the same.
        expect(() => database.exec("INSERT INTO users VALUES (3, 'c')")).toThrow(/locked/);
      });
      await Promise.all([first, second]);
      expect(await tenancy.run(one, () => ids.all())).toEqual([1, 2]);
    });

    it('that nobody ends is rolled back, and nothing more of it runs', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one, transactionMs: 50 });
      database.exec('BEGIN IMMEDIATE');
      database.exec("INSERT INTO users VALUES (2, 'b')");
      await expect.poll(() => tenancy.stats().servers.main?.inUse).toBe(0);
      const ended = expect.objectContaining({ code: 'TENANTRY_TIMEOUT' });
      expect(() => database.exec("INSERT INTO users VALUES (3, 'c')")).toThrow(ended);
      expect(() => database.exec("INSERT INTO users VALUES (4, 'd')")).toThrow(ended);
      expect(() => database.exec('COMMIT')).toThrow(ended);
      expect(database.prepare('SELECT id FROM users').pluck().all()).toEqual([1]);
    });

    it('that SQLite has ended is given back when its time is over, though nobody says ROLLBACK', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { transactionMs: 50 });
      const request = tenancy.run(one, async () => {
        database.exec('BEGIN');
        database.exec('INSERT OR ROLLBACK INTO users VALUES (2, NULL)');
      });
      await expect(request).rejects.toThrow(/NOT NULL/);
      await expect.poll(() => tenancy.stats().servers.main?.inUse).toBe(0);
    });
  });
});

async function captured(work: () => Promise<unknown>): Promise<string> {
  return work().then(
    () => 'done',
    (error: Error) => error.message,
  );
}
