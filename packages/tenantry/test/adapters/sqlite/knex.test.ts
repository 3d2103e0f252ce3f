import knex, { type Knex } from 'knex';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type SqliteDatabase, sqliteKnexClient } from '../../../src/adapters/sqlite/index.js';
import { InvalidOptionError, NotSupportedError, type Tenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function knexOver(tenancy: Tenancy, options?: Parameters<typeof sqliteKnexClient>[2]): Knex {
  return knex({ client: sqliteKnexClient(tenancy, knex, options), useNullAsDefault: true });
}

const driverOf = (db: Knex) => (db.client as { driver?: unknown }).driver;

onSqlite((open) => {
  async function opened(options?: Parameters<typeof sqliteKnexClient>[2]) {
    const tenants = await open(4);
    const { tenancy } = tenants;
    const db = knexOver(tenancy, options);
    const ids = (tenant: string) => tenancy.run(tenant, () => db('users').orderBy('id').pluck('id'));
    const add = (tenant: string, id: number) =>
      tenancy.run(tenant, () => db('users').insert({ id, username: 'x' }), { switch: true });
    const inUse = () => tenancy.stats().servers.main?.inUse;
    return { ...tenants, db, ids, add, inUse };
  }

  describe('one Knex for every tenant', () => {
    it('asks for no driver of its own', async () => {
      const { tenancy, one, db } = await opened();
      expect(await tenancy.run(one, () => db('users').pluck('username'))).toEqual([one]);
      expect(driverOf(db)).toBeUndefined();
    });

    it('takes no handle without a tenant, whatever is asked of it', async () => {
      const { tenancy, db } = await opened();
      const before = tenancy.stats().servers.main?.totals.leases;
      const read = async () => {
        for await (const _ of db('users').stream()) expect.unreachable();
      };
      for (const use of [
        () => db('users').select(),
        () => db.transaction(async () => {}),
        () => db.raw('DELETE FROM users'),
        () => db.schema.dropTable('users'),
        () => db.client.acquireConnection(),
        read,
      ]) {
        await expect(Promise.resolve().then(use)).rejects.toMatchObject({ code: 'TENANTRY_NO_TENANT' });
      }
      expect(tenancy.stats().servers.main?.totals.leases).toBe(before);
    });

    it('refuses a clone of what was made for another tenant, and of a clone', async () => {
      const { tenancy, one, other, db } = await opened();
      const refused = { code: 'TENANTRY_TENANT_SWITCH' };
      const users = () => db('users').select('username');
      const made = await tenancy.run(one, () => ({
        whole: users(),
        clones: [users().clone(), users().clone().clone(), users().where('id', 1).clone().limit(1)],
      }));
      await tenancy.run(other, async () => {
        for (const clone of [...made.clones, made.whole.clone()]) {
          await expect(clone).rejects.toMatchObject(refused);
        }
      });
      const [first, ...others] = made.clones;
      expect(await tenancy.run(one, () => first)).toEqual([{ username: one }]);
      expect(others).toHaveLength(2);
    });

    it('takes a clone of what was made for nobody as its maker’s', async () => {
      const { tenancy, one, other, db } = await opened();
      const base = db('users').select('username');
      const made = await tenancy.run(one, () => ({ clone: base.clone() }));
      await tenancy.run(other, async () => {
        await expect(made.clone).rejects.toMatchObject({ code: 'TENANTRY_TENANT_SWITCH' });
        expect(await base.clone()).toEqual([{ username: other }]);
      });
      expect(await tenancy.run(one, () => base.clone())).toEqual([{ username: one }]);
    });

    it('is one tenant’s where one is named', async () => {
      const { tenancy, one, other } = await open();
      const db = knexOver(tenancy, { tenant: one });
      expect(await db('users').pluck('username')).toEqual([one]);
      expect(await tenancy.run(other, () => db('users').pluck('username'))).toEqual([one]);
    });

    it('says what statements did, as Knex’s own does', async () => {
      const { tenancy, one, db } = await opened();
      await tenancy.run(one, async () => {
        expect(await db('users').insert({ id: 2, username: 'b' })).toEqual([2]);
        expect(await db('users').update({ username: 'c' })).toBe(2);
        expect(await db('users').insert({ id: 3, username: 'd' }).returning('id')).toEqual([{ id: 3 }]);
        expect(await db('users').where({ id: 3 }).del()).toBe(1);
        expect(await db('users').where({ id: 9 }).first()).toBeUndefined();
        expect(await db('users').select('id').where({ id: 2 }).options({ safeIntegers: true })).toEqual([
          { id: 2n },
        ]);
        const [row] = await db.raw('SELECT ? AS yes, ? AS time', [true, new Date(5)]);
        expect(row).toEqual({ yes: 1, time: 5 });
        await expect(db('users').insert({ id: 2, username: 'x' })).rejects.toMatchObject({
          code: expect.stringContaining('SQLITE_CONSTRAINT'),
          message: expect.stringContaining('insert into'),
        });
      });
    });

    it('makes tables and adds columns; what would change the handle for others is refused', async () => {
      const { tenancy, one, db, inUse } = await opened();
      await tenancy.run(one, async () => {
        await db.schema.createTable('notes', (table) => table.increments());
        await db.schema.alterTable('notes', (table) => void table.string('text'));
        expect(Object.keys(await db('notes').columnInfo())).toEqual(['id', 'text']);
        // Knex copies the table, and wants PRAGMA foreign_keys off meanwhile.
        const drop = db.schema.alterTable('notes', (table) => void table.dropColumn('text'));
        await expect(drop).rejects.toThrow('foreign_keys');
        expect(Object.keys(await db('notes').columnInfo())).toEqual(['id', 'text']);
        await expect(db.raw("ATTACH 'x' AS y")).rejects.toMatchObject({ code: 'TENANTRY_INVALID_INPUT' });
      });
      expect(inUse()).toBe(0);
    });
  });

  describe('a transaction of Knex', () => {
    it('holds up the writer of the same tenant, no other tenant, and not the event loop', async () => {
      const { tenancy, one, other, db, add, ids } = await opened();
      let isDone = false;
      let waiting: Promise<unknown> = Promise.resolve();
      await tenancy.run(one, () =>
        db.transaction(async (trx) => {
          await trx('users').insert({ id: 2, username: 'x' });
          waiting = add(one, 3).then(() => {
            isDone = true;
          });
          await add(other, 2);
          for (let turn = 0; turn < 20; turn++) await nextTurn();
          expect(isDone).toBe(false);
        }),
      );
      await waiting;
      expect(await ids(one)).toEqual([1, 2, 3]);
      expect(await ids(other)).toEqual([1, 2]);
    });

    it('keeps others of its tenant out from its beginning: what it reads is so when it writes', async () => {
      const { tenancy, one, db, ids } = await opened();
      const addNext = () =>
        tenancy.run(one, () =>
          db.transaction(async (trx) => {
            const known = await trx('users').pluck('id');
            await nextTurn();
            await trx('users').insert({ id: Math.max(...known) + 1, username: 'x' });
          }),
        );
      await Promise.all(Array.from({ length: 8 }, addNext));
      expect(await ids(one)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('that only reads waits for no writer', async () => {
      const { tenancy, one, db } = await opened({ busyTimeoutMs: 0 });
      await tenancy.run(one, () =>
        db.transaction(async (writer) => {
          await writer('users').insert({ id: 2, username: 'x' });
          const read = await db.transaction((reader) => reader('users').pluck('id'), { readOnly: true });
          expect(read).toEqual([1]);
          await expect(db.transaction(async () => {})).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
        }),
      );
    });

    it('that never got the lock runs nothing of its work', async () => {
      const { tenancy, one, db, ids, inUse } = await opened({ busyTimeoutMs: 0 });
      await tenancy.run(one, () =>
        db.transaction(async () => {
          const late = db.transaction((trx) => trx('users').insert({ id: 2, username: 'x' }));
          await expect(late).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
        }),
      );
      expect(await ids(one)).toEqual([1]);
      expect(inUse()).toBe(0);
    });

    it('holds others, one after the other and side by side', async () => {
      const { tenancy, one, db, ids } = await opened();
      await tenancy.run(one, () =>
        db.transaction(async (trx) => {
          const inner = (id: number, fails: boolean) =>
            trx.transaction(async (nested) => {
              await nested('users').insert({ id, username: 'x' });
              await nextTurn();
              if (fails) throw new Error('no');
            });
          const results = await Promise.allSettled([inner(2, false), inner(3, true), inner(4, false)]);
          expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        }),
      );
      expect(await ids(one)).toEqual([1, 2, 4]);
    });

    it('may be ended by hand, and takes nothing after that', async () => {
      const { tenancy, one, db, ids, inUse } = await opened();
      const trx = await tenancy.run(one, () => db.transaction());
      await trx('users').insert({ id: 2, username: 'x' });
      expect(inUse()).toBe(1);
      await trx.rollback();
      await expect(Promise.resolve(trx('users').insert({ id: 3, username: 'x' }))).rejects.toThrow(
        'complete',
      );
      expect(await ids(one)).toEqual([1]);
      expect(inUse()).toBe(0);
    });
  });

  describe('a query that waits for a lock', () => {
    it('does not run any more once its time is over', async () => {
      const { tenancy, one, db, ids, inUse } = await opened();
      await tenancy.run(one, () =>
        db.transaction(async (trx) => {
          await trx('users').insert({ id: 2, username: 'x' });
          const late = db('users').insert({ id: 3, username: 'x' }).timeout(20);
          await expect(Promise.resolve(late)).rejects.toThrow('timeout');
          // Its handle was closed, and its wait with it.
          await expect.poll(inUse).toBe(1);
        }),
      );
      await tenancy.run(one, () => db('users').insert({ id: 4, username: 'x' }));
      expect(await ids(one)).toEqual([1, 2, 4]);
    });

    it('fails with the driver’s own error after busyTimeoutMs', async () => {
      const { tenancy, one, db, add } = await opened({ busyTimeoutMs: 30 });
      await tenancy.run(one, () =>
        db.transaction(async () => {
          await expect(add(one, 2)).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
        }),
      );
    });
  });

  describe('a stream of Knex', () => {
    async function filled() {
      const all = await opened();
      const { tenancy, one, db } = all;
      const rows = Array.from({ length: 300 }, (_, index) => ({ id: index + 2, username: 'x' }));
      await tenancy.run(one, () => db.batchInsert('users', rows, 100));
      return all;
    }

    it('reads as it is read, and holds up nobody', async () => {
      const { tenancy, one, db, add, inUse } = await filled();
      const seen: number[] = [];
      await tenancy.run(one, async () => {
        for await (const { id } of db('users').select('id').orderBy('id').stream()) {
          if (seen.push(id) !== 1) continue;
          expect(inUse()).toBe(1);
          await add(one, 1000);
        }
      });
      // What was written meanwhile is not seen.
      expect(seen).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
      await expect.poll(inUse).toBe(0);
    });

    it('that is left, or fails, gives its handle back', async () => {
      const { tenancy, one, db, inUse } = await filled();
      await tenancy.run(one, async () => {
        for await (const row of db('users').stream()) if (row !== undefined) break;
        await expect.poll(inUse).toBe(0);
        const failing = async () => {
          for await (const _ of db('nowhere').stream()) expect.unreachable();
        };
        await expect(failing()).rejects.toThrow('no such table');
        await expect.poll(inUse).toBe(0);
      });
    });

    it('leaves its transaction free for other statements', async () => {
      const { tenancy, one, db, ids } = await filled();
      await tenancy.run(one, () =>
        db.transaction(async (trx) => {
          for await (const { id } of trx('users').select('id').stream())
            await trx('users').where({ id }).del();
        }),
      );
      expect(await ids(one)).toEqual([]);
    });

    it('reads integers as a query does: exactly, in a transaction too, unless it is told otherwise', async () => {
      const { tenancy, one, db } = await opened();
      const key = 2n ** 60n + 1n;
      await tenancy.session(one).query(`CREATE TABLE big AS SELECT 1 AS small, ${key} AS large`);
      const streamed = async (source: typeof db, options: object) => {
        const rows: unknown[] = [];
        for await (const row of source('big').select().options(options).stream()) rows.push(row);
        return rows;
      };
      await tenancy.run(one, async () => {
        for (const source of [db, await db.transaction()]) {
          expect(await streamed(source, {})).toEqual([{ small: 1, large: key }]);
          expect(await streamed(source, { safeIntegers: true })).toEqual([{ small: 1n, large: key }]);
          expect(await streamed(source, { safeIntegers: false })).toEqual([{ small: 1, large: Number(key) }]);
          if ('commit' in source) await (source as Knex.Transaction).commit();
        }
      });
    });

    it('goes to a handler too', async () => {
      const { tenancy, one, db } = await opened();
      const seen: unknown[] = [];
      await tenancy.run(one, () =>
        db('users').stream((stream) => void stream.on('data', (row) => seen.push(row))),
      );
      expect(seen).toEqual([{ id: 1, username: one }]);
    });
  });

  describe('a connection of Knex', () => {
    it('is better-sqlite3’s Database, of one tenant, until it is released', async () => {
      const { tenancy, one, other, db } = await opened();
      const connection: SqliteDatabase = await tenancy.run(one, () => db.client.acquireConnection());
      expect(connection.prepare('SELECT username FROM users').pluck().all()).toEqual([one]);
      const on = () => tenancy.run(other, () => db('users').connection(connection).pluck('username'));
      expect(await on()).toEqual([one]);
      await db.client.releaseConnection(connection);
      await db.client.releaseConnection(connection);
      await expect(on()).rejects.toMatchObject({ code: 'TENANTRY_LEASE_ENDED' });
      const read = async () => {
        for await (const _ of db('users').connection(connection).stream()) expect.unreachable();
      };
      await expect(read()).rejects.toMatchObject({ code: 'TENANTRY_LEASE_ENDED' });
      await expect(Promise.resolve(db('users').connection({}))).rejects.toThrow(InvalidOptionError);
    });
  });

  describe('destroying a Knex', () => {
    it('closes nothing but itself, and lets what is under way end', async () => {
      const { tenancy, one, db, inUse } = await opened();
      await tenancy.run(one, async () => {
        await db.transaction(async (trx) => {
          await trx('users').insert({ id: 2, username: 'x' });
          await db.destroy();
        });
        expect(inUse()).toBe(0);
        await expect(Promise.resolve(db('users'))).rejects.toMatchObject({ code: 'TENANTRY_CLOSED' });
        expect(await knexOver(tenancy)('users').pluck('id')).toEqual([1, 2]);
        db.initialize();
        expect(await db('users').pluck('id')).toEqual([1, 2]);
        expect(driverOf(db)).toBeUndefined();
      });
    });
  });

  describe('sqliteKnexClient', () => {
    it('refuses what it cannot mean', async () => {
      const { tenancy } = await open();
      for (const options of [
        { tenant: undefined as never },
        { tenant: '' },
        { busyTimeoutMs: -1 },
        { busyTimeoutMs: 600_001 },
      ]) {
        expect(() => sqliteKnexClient(tenancy, knex, options)).toThrow(InvalidOptionError);
      }
      const client = sqliteKnexClient(tenancy, knex);
      expect(() => knex({ client, connection: { filename: ':memory:' } })).toThrow(InvalidOptionError);
      expect(() => knex({ client, connectionPool: {} as never })).toThrow(InvalidOptionError);
      const older = Object.assign(() => ({ client: {} }), { Client: Object });
      expect(() => sqliteKnexClient(tenancy, older)).toThrow(NotSupportedError);
    });

    it('is typed as a client of Knex', async () => {
      const { tenancy } = await open();
      const client = sqliteKnexClient(tenancy, knex);
      expectTypeOf(client).toEqualTypeOf<typeof Knex.Client>();
      expect(client.prototype).toBeInstanceOf(knex.Client);
    });
  });
});
