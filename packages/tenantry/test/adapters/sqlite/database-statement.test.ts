import { describe, expect, it } from 'vitest';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import { onSqlite } from './fixture.js';

const NAMES = 'SELECT username FROM users ORDER BY id';

onSqlite((open) => {
  describe('a statement', () => {
    it('does what better-sqlite3’s does', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const insert = database.prepare('INSERT INTO users (id, username) VALUES (?, ?)');
      expect(insert.reader).toBe(false);
      expect(insert.run(2, 'ada')).toEqual({ changes: 1, lastInsertRowid: 2 });
      const byId = database.prepare('SELECT id, username FROM users WHERE id = ?');
      expect(byId.reader).toBe(true);
      expect(byId.get(2)).toEqual({ id: 2, username: 'ada' });
      expect(byId.raw().get(2)).toEqual([2, 'ada']);
      expect(byId.raw(false).get(2)).toEqual({ id: 2, username: 'ada' });
      expect(byId.pluck().get(2)).toBe(2);
      expect(byId.pluck().all(2)).toEqual([2]);
      expect(byId.pluck(false).safeIntegers().get(2)).toEqual({ id: 2n, username: 'ada' });
      expect(byId.get(3)).toBeUndefined();
      expect(byId.source).toContain('WHERE id');
      expect(byId.database).toBe(database);
      expect(database.prepare('SELECT :a AS a').get({ a: 5 })).toEqual({ a: 5 });
      expect(byId.columns().map(({ name }) => name)).toEqual(['id', 'username']);
      expect(database.prepare('SELECT ? AS a').bind(7).get()).toEqual({ a: 7 });
      expect(database.pragma('user_version', { simple: true })).toBe(0);
      expect(database.pragma('user_version')).toEqual([{ user_version: 0 }]);
    });

    it('binds bytes, alone and among others', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const bytes = new Uint8Array([0, 255]);
      const alone = database.prepare('SELECT hex(?) AS a').pluck();
      expect(alone.all(bytes)).toEqual(['00FF']);
      expect(alone.get(new Uint8Array())).toBe('');
      expect([...alone.iterate(bytes)]).toEqual(['00FF']);
      expect(database.prepare('SELECT hex(?) AS a').pluck().bind(bytes).get()).toBe('00FF');
      expect(database.prepare('SELECT hex(?), hex(?)').raw().get(bytes, 'a')).toEqual(['00FF', '61']);
    });

    it('is given its own values, whichever way its rows were asked for before', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const asked = () => database.prepare('SELECT ? AS a').pluck();
      expect(asked().all(1)).toEqual([1]);
      expect(asked().get(2)).toBe(2);
      expect([...asked().iterate(3)]).toEqual([3]);
      expect(asked().get(4)).toBe(4);
      const insert = () => database.prepare('INSERT INTO users VALUES (?, ?) RETURNING id').pluck();
      expect(insert().all(5, 'x')).toEqual([5]);
      expect(insert().get(6, 'y')).toBe(6);
      expect(database.prepare('SELECT id FROM users').pluck().all()).toEqual([1, 5, 6]);
    });

    it('gives bytes as Buffers in every kind of row', async () => {
      const { tenancy, one } = await open();
      const select = () => sqliteDatabase(tenancy, { tenant: one }).prepare("SELECT x'00ff' AS a");
      const bytes = Buffer.from([0, 255]);
      for (const [statement, row] of [
        [select(), { a: bytes }],
        [select().raw(), [bytes]],
        [select().pluck(), bytes],
      ] as const) {
        expect(statement.get()).toStrictEqual(row);
        expect(statement.all()).toStrictEqual([row]);
        expect([...statement.iterate()]).toStrictEqual([row]);
      }
    });

    it('is told nothing by another one of the same text', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const [raw, plain, big] = [NAMES, NAMES, 'SELECT id FROM users'].map((sql) => database.prepare(sql));
      expect(raw?.raw().all()).toEqual([[one]]);
      expect(plain?.all()).toEqual([{ username: one }]);
      expect(big?.safeIntegers().get()).toEqual({ id: 1n });
      expect(database.prepare('SELECT id FROM users').get()).toEqual({ id: 1 });
      expect(await tenancy.session(one).query('SELECT id FROM users')).toEqual([{ id: 1 }]);
    });

    it.each([[true], [undefined], [new Date(0)], [() => 1], [Symbol('x')]])(
      'binds nothing that SQLite cannot store: %s',
      async (value) => {
        const { tenancy, one } = await open();
        expect(() => sqliteDatabase(tenancy, { tenant: one }).prepare('SELECT ?').get(value)).toThrow(
          expect.objectContaining({ code: 'TENANTRY_INVALID_PARAMETER' }),
        );
      },
    );

    it('is prepared again after its handle was closed', async () => {
      const { tenancy, one, other } = await open(1);
      const database = sqliteDatabase(tenancy);
      const statement = database.prepare(NAMES).pluck();
      for (let round = 0; round < 3; round++) {
        for (const name of [one, other]) {
          expect(await tenancy.run(name, () => statement.all())).toEqual([name]);
        }
      }
      expect(tenancy.stats().servers.main?.totals.evictions).toBeGreaterThan(3);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it('keeps its handle while it iterates, and gives it back at the end', async () => {
      const { tenancy, one, other } = await open(2);
      const database = sqliteDatabase(tenancy);
      await tenancy.run(one, async () => {
        database.exec("INSERT INTO users VALUES (2, 'b'), (3, 'c')");
        const rows = database.prepare('SELECT id FROM users ORDER BY id').pluck().iterate();
        expect(rows.next()).toEqual({ done: false, value: 1 });
        expect(tenancy.stats().servers.main?.inUse).toBe(1);
        // The other handle of the budget goes from one tenant to the next; this one stays.
        for (let round = 0; round < 3; round++) {
          await tenancy.run(other, () => database.prepare(NAMES).all(), { switch: true });
          database.prepare(NAMES).all();
        }
        expect([...rows]).toEqual([2, 3]);
        expect(tenancy.stats().servers.main?.inUse).toBe(0);
        for (const row of database.prepare('SELECT id FROM users').iterate()) if (row) break;
        expect(tenancy.stats().servers.main?.inUse).toBe(0);
      });
    });

    it('finds no handle where all are in use, and says so at once', async () => {
      const { tenancy, one } = await open(1);
      const database = sqliteDatabase(tenancy, { tenant: one });
      const rows = database.prepare(NAMES).iterate();
      expect(rows.next().done).toBe(false);
      expect(() => database.exec('SELECT 1')).toThrow(
        expect.objectContaining({ code: 'TENANTRY_POOL_TIMEOUT' }),
      );
      rows.return?.();
      database.exec('SELECT 1');
    });
  });
});
