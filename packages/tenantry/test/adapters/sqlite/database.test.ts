import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogUrl } from '../../../../../test/tenancy/tenancies.js';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import { parseAddress } from '../../../src/engine/address.js';
import { createTenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';

const NAMES = 'SELECT username FROM users ORDER BY id';

onSqlite((open, _engine, namespace) => {
  describe('an ambient database', () => {
    it('answers each call from the tenant of the context at the call', async () => {
      const { tenancy, one, other } = await open();
      const database = sqliteDatabase(tenancy);
      const statement = database.prepare(NAMES).pluck();
      const answers = [one, other, one].map((name) => tenancy.run(name, () => statement.all()));
      expect(await Promise.all(answers)).toEqual([[one], [other], [one]]);
    });

    it('runs nothing without a tenant, whatever is asked of it', async () => {
      const { tenancy } = await open();
      const before = tenancy.stats().servers.main?.totals.leases;
      const database = sqliteDatabase(tenancy);
      const statement = database.prepare(NAMES);
      const noTenant = expect.objectContaining({ code: 'TENANTRY_NO_TENANT' });
      for (const use of [
        () => statement.all(),
        () => statement.get(),
        () => statement.run(),
        () => statement.iterate(),
        () => statement.reader,
        () => statement.columns(),
        () => database.exec('DELETE FROM users'),
        () => database.pragma('user_version'),
        () => database.transaction(() => {})(),
        () => database.inTransaction,
      ]) {
        expect(use).toThrow(noTenant);
      }
      expect(tenancy.stats().servers.main?.totals.leases).toBe(before);
    });

    it('refuses a tenant that is given and is none', async () => {
      const { tenancy } = await open();
      for (const tenant of [undefined, '', 1]) {
        expect(() => sqliteDatabase(tenancy, { tenant: tenant as string })).toThrow(
          expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
        );
      }
    });
  });

  describe('a database of a tenant', () => {
    it('is that tenant’s, whatever is in context', async () => {
      const { tenancy, one, other } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      expect(database.prepare(NAMES).pluck().all()).toEqual([one]);
      expect(await tenancy.run(other, () => database.prepare(NAMES).pluck().get())).toBe(one);
    });

    it('that was not looked up yet says what has to come first', async () => {
      const { one } = await open();
      await using fresh = await createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: namespace().url },
      });
      const database = sqliteDatabase(fresh, { tenant: one });
      expect(() => database.prepare(NAMES).all()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_ROUTE_UNKNOWN', hint: expect.stringContaining('ready()') }),
      );
      await fresh.session(one).ready();
      expect(database.prepare(NAMES).pluck().all()).toEqual([one]);
    });

    it('whose file is another tenant’s is not opened', async () => {
      const { tenancy, one, other } = await open();
      await tenancy.close();
      const { folder } = parseAddress(namespace().url);
      // libsql is long in closing files: what a log still holds would be written over the copy.
      const fileOf = (name: string) => join(String(folder), `${name}.sqlite`);
      for (const suffix of ['', '-wal', '-shm']) rmSync(fileOf(one) + suffix, { force: true });
      copyFileSync(fileOf(other), fileOf(one));
      if (existsSync(`${fileOf(other)}-wal`)) copyFileSync(`${fileOf(other)}-wal`, `${fileOf(one)}-wal`);
      await using fresh = await createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: namespace().url },
      });
      await fresh.session(one).ready();
      expect(() => sqliteDatabase(fresh, { tenant: one }).prepare(NAMES).all()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_IDENTITY_MISMATCH' }),
      );
      expect(fresh.stats().servers.main).toMatchObject({ inUse: 0, idle: 0 });
    });

    it('that is suspended, or never was, is refused', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      database.prepare(NAMES).all();
      await tenancy.tenants.suspend(one);
      expect(() => database.prepare(NAMES).all()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_TENANT_SUSPENDED' }),
      );
      expect(() => sqliteDatabase(tenancy, { tenant: 'nobody' }).exec('SELECT 1')).toThrow(
        expect.objectContaining({ code: 'TENANTRY_ROUTE_UNKNOWN' }),
      );
    });

    it('in a worker is refused: it answers only in time', async () => {
      const { one } = await open();
      await using inWorker = await createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: `${namespace().url}&worker=process` },
      });
      await inWorker.session(one).ready();
      expect(() => sqliteDatabase(inWorker, { tenant: one }).exec('SELECT 1')).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
      );
    });

    it('closes nothing but itself', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      expect(database.open).toBe(true);
      database.close();
      expect(database.open).toBe(false);
      expect(() => database.exec('SELECT 1')).toThrow(expect.objectContaining({ code: 'TENANTRY_CLOSED' }));
      expect(await tenancy.session(one).query(NAMES)).toEqual([{ username: one }]);
    });
  });

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

  describe('what cannot be ambient', () => {
    it.each([
      "ATTACH 'x' AS y",
      'DETACH y',
      "VACUUM INTO '/tmp/x'",
      'PRAGMA journal_mode = DELETE',
      'SELECT 1; SELECT 2',
      '/* ; */ attach database "x" as y',
    ])('is refused with its reason: %s', async (sql) => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const refused = expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' });
      expect(() => database.prepare(sql).run()).toThrow(refused);
      expect(() => database.prepare(sql).iterate()).toThrow(refused);
      if (sql !== 'SELECT 1; SELECT 2') expect(() => database.exec(`SELECT 1; ${sql}`)).toThrow(refused);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it.each([
      'function',
      'aggregate',
      'table',
      'loadExtension',
      'backup',
      'serialize',
      'defaultSafeIntegers',
      'unsafeMode',
    ] as const)('is refused with its reason: %s()', async (method) => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      expect(() => (database[method] as () => unknown)()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT', message: expect.stringContaining(method) }),
      );
    });
  });

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
  });

  describe('a client that was lent', () => {
    it('is better-sqlite3’s Database, until it is given back', async () => {
      const { tenancy, one } = await open();
      const lease = await tenancy.clients(one).acquire();
      const database = lease.client as ReturnType<typeof sqliteDatabase>;
      const statement = database.prepare(NAMES);
      const rows = statement.iterate();
      rows.next();
      expect(statement.get()).toEqual({ username: one });
      expect(() => database.exec("ATTACH 'x' AS y")).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' }),
      );
      lease.release();
      const ended = expect.objectContaining({ code: 'TENANTRY_LEASE_ENDED' });
      for (const use of [() => statement.all(), () => rows.next(), () => database.exec('SELECT 1')]) {
        expect(use).toThrow(ended);
      }
    });

    it('leaves nothing behind: a temporary table goes with its handle', async () => {
      const { tenancy, one } = await open(2);
      const database = sqliteDatabase(tenancy, { tenant: one });
      database.exec('CREATE TEMP TABLE mine (a)');
      expect(() => database.exec('SELECT * FROM mine')).toThrow(/no such table/);
    });
  });
});

async function captured(work: () => Promise<unknown>): Promise<string> {
  return work().then(
    () => 'done',
    (error: Error) => error.message,
  );
}
