import { Kysely, SqliteDialect, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { sqliteDatabase, sqliteDialect } from '../../../src/adapters/sqlite/index.js';
import type { Tenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';

interface Tables {
  users: { id: number; username: string };
}

/** Kysely's own dialect over a database of ours, and a dialect of ours. */
const DIALECTS = [
  ['sqliteDialect', (tenancy: Tenancy) => sqliteDialect(tenancy)],
  [
    'SqliteDialect over sqliteDatabase',
    (tenancy: Tenancy) => new SqliteDialect({ database: sqliteDatabase(tenancy) }),
  ],
] as const;

onSqlite((open) => {
  describe.each(DIALECTS)('one Kysely for every tenant, by %s', (_name, dialectOf) => {
    async function opened(maxConnections?: number) {
      const tenants = await open(maxConnections);
      const db = new Kysely<Tables>({ dialect: dialectOf(tenants.tenancy) });
      const names = () => db.selectFrom('users').select('username').orderBy('id').execute();
      const add = (id: number, username: string) => db.insertInto('users').values({ id, username }).execute();
      return { ...tenants, db, names, add };
    }

    it('answers two tenants of the same tick each from its own', async () => {
      const { tenancy, one, other, names } = await opened();
      const asked = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other));
      const answers = await Promise.all(asked.map((name) => tenancy.run(name, () => names())));
      expect(answers).toEqual(asked.map((username) => [{ username }]));
    });

    it('answers tenants that one promise resumes together each from its own', async () => {
      const { tenancy, one, other, names } = await opened();
      const shared = new Promise((resolve) => setImmediate(resolve));
      const answers = [one, other].map((name) =>
        tenancy.run(name, async () => {
          await shared;
          return names();
        }),
      );
      expect(await Promise.all(answers)).toEqual([[{ username: one }], [{ username: other }]]);
    });

    it('runs a lazy query in the context in which it is awaited, and nothing without one', async () => {
      const { tenancy, one, names, db } = await opened();
      expect(await tenancy.run(one, () => names())).toEqual([{ username: one }]);
      await expect(names()).rejects.toMatchObject({ code: 'TENANTRY_NO_TENANT' });
      await expect(db.transaction().execute(async () => {})).rejects.toMatchObject({
        code: 'TENANTRY_NO_TENANT',
      });
    });

    it('commits and rolls back transactions of tenants side by side', async () => {
      const { tenancy, one, other, db, names } = await opened();
      const work = (name: string, fails: boolean) =>
        tenancy.run(name, () =>
          db.transaction().execute(async (trx) => {
            await trx.insertInto('users').values({ id: 2, username: 'second' }).execute();
            await new Promise((resolve) => setImmediate(resolve));
            expect(await trx.selectFrom('users').select('id').execute()).toHaveLength(2);
            if (fails) throw new Error('no');
          }),
        );
      await Promise.all([work(one, false), expect(work(other, true)).rejects.toThrow('no')]);
      expect(await tenancy.run(one, () => names())).toHaveLength(2);
      expect(await tenancy.run(other, () => names())).toEqual([{ username: other }]);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it('says what an insert and an update did, and streams', async () => {
      const { tenancy, one, db, add } = await opened();
      await tenancy.run(one, async () => {
        expect(await add(2, 'b')).toMatchObject([{ insertId: 2n, numInsertedOrUpdatedRows: 1n }]);
        const updated = await db.updateTable('users').set({ username: 'c' }).executeTakeFirst();
        expect(updated.numUpdatedRows).toBe(2n);
        const returned = await db.deleteFrom('users').where('id', '=', 2).returning('id').execute();
        expect(returned).toEqual([{ id: 2 }]);
        const seen: number[] = [];
        for await (const { id } of db.selectFrom('users').select('id').stream()) seen.push(id);
        expect(seen).toEqual([1]);
      });
    });

    it('is destroyed alone', async () => {
      const { tenancy, one, db, names } = await opened();
      await tenancy.run(one, () => names());
      await db.destroy();
      await expect(tenancy.run(one, () => names())).rejects.toThrow();
      expect(await tenancy.session(one).query('SELECT id FROM users')).toEqual([{ id: 1 }]);
    });
  });

  describe('sqliteDialect', () => {
    async function opened() {
      const tenants = await open(4);
      return { ...tenants, db: new Kysely<Tables>({ dialect: sqliteDialect(tenants.tenancy) }) };
    }

    it('waits for the writer of the same tenant, for no other, and not on the event loop', async () => {
      const { tenancy, one, other, db } = await opened();
      const add = (id: number) => db.insertInto('users').values({ id, username: 'x' }).execute();
      let isDone = false;
      let waiting: Promise<unknown> = Promise.resolve();
      await tenancy.run(one, () =>
        db.transaction().execute(async (trx) => {
          await trx.insertInto('users').values({ id: 2, username: 'x' }).execute();
          waiting = tenancy
            .run(one, () => add(3))
            .then(() => {
              isDone = true;
            });
          await tenancy.run(other, () => add(2), { switch: true });
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
          expect(isDone).toBe(false);
        }),
      );
      await waiting;
      const ids = await tenancy.run(one, () => db.selectFrom('users').select('id').orderBy('id').execute());
      expect(ids).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    });

    it('takes no isolation level but its own, and writes nothing in a transaction that reads', async () => {
      const { tenancy, one, db } = await opened();
      await tenancy.run(one, async () => {
        const weaker = db.transaction().setIsolationLevel('read committed');
        await expect(weaker.execute(async () => {})).rejects.toMatchObject({
          code: 'TENANTRY_INVALID_OPTION',
        });
        const reading = db.transaction().setAccessMode('read only');
        expect(await reading.execute((trx) => trx.selectFrom('users').select('id').execute())).toEqual([
          { id: 1 },
        ]);
      });
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it('refuses a wait that is out of range, and a tenant that is none', async () => {
      const { tenancy } = await opened();
      for (const options of [
        { busyTimeoutMs: -1 },
        { busyTimeoutMs: 600_001 },
        { busyTimeoutMs: 1.5 },
        { tenant: undefined as never },
      ]) {
        expect(() => sqliteDialect(tenancy, options)).toThrow(
          expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
        );
      }
    });

    it('keeps one handle for what runs on one connection, and rolls back what was left open there', async () => {
      const { tenancy, one, db } = await opened();
      await tenancy.run(one, () =>
        db.connection().execute(async (connection) => {
          await sql`begin`.execute(connection);
          await connection.insertInto('users').values({ id: 2, username: 'x' }).execute();
          expect(await connection.selectFrom('users').select('id').execute()).toHaveLength(2);
        }),
      );
      const left = await tenancy.run(one, () => db.selectFrom('users').select('id').execute());
      expect(left).toEqual([{ id: 1 }]);
    });

    it('can use a connection on once a stream of it was left', async () => {
      const { tenancy, one, db } = await opened();
      await tenancy.run(one, () =>
        db.connection().execute(async (connection) => {
          const users = Array.from({ length: 9 }, (_, index) => ({ id: index + 2, username: 'x' }));
          await connection.insertInto('users').values(users).execute();
          for await (const { id } of connection.selectFrom('users').select('id').stream(1)) if (id > 0) break;
          await connection.deleteFrom('users').execute();
        }),
      );
      expect(await tenancy.run(one, () => db.selectFrom('users').selectAll().execute())).toEqual([]);
    });

    it('is introspected without what is ours', async () => {
      const { tenancy, one, db } = await opened();
      const tables = await tenancy.run(one, () => db.introspection.getTables());
      expect(tables.map(({ name }) => name)).toContain('users');
    });
  });
});
