import knex from 'knex';
import { Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  prismaSqlite,
  type SqliteDatabase,
  sqliteDatabase,
  sqliteDialect,
  sqliteKnexClient,
} from '../../../src/adapters/sqlite/index.js';
import type { Tenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';
import { onTypeorm } from './typeorm-fixture.js';

/** Fails, and takes the whole transaction with it. */
const UNDOES = 'INSERT OR ROLLBACK INTO users (id, username) VALUES (1, NULL)';
const add = (id: number) => `INSERT INTO users (id, username) VALUES (${id}, 'x')`;
const ENDED = expect.objectContaining({ code: 'TENANTRY_TRANSACTION_ENDED' });

/** Whether work failed; it goes on all the same, as an application does that catches too much. */
async function goesOnAfter(work: () => unknown): Promise<void> {
  await Promise.resolve()
    .then(work)
    .then(
      () => expect.unreachable(),
      () => {},
    );
}

onSqlite((open) => {
  async function opened() {
    const tenants = await open();
    const { tenancy, one } = tenants;
    const ids = async () =>
      (await tenancy.session(one).query('SELECT id FROM users ORDER BY id')).map(({ id }) => id);
    const inUse = () => tenancy.stats().servers.main?.inUse;
    return { ...tenants, ids, inUse };
  }

  describe('a transaction that SQLite has ended', () => {
    it('takes no further statement through a session', async () => {
      const { tenancy, one, ids } = await opened();
      const answer = tenancy.session(one).transaction(async (tx) => {
        await tx.query(add(2));
        await goesOnAfter(() => tx.query(UNDOES));
        await tx.query(add(3));
      });
      await expect(answer).rejects.toEqual(ENDED);
      expect(await ids()).toEqual([1]);
    });

    it('takes no further statement in a function of sqliteDatabase', async () => {
      const { tenancy, one, ids, inUse } = await opened();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const work = database.transaction(() => {
        database.exec(add(2));
        expect(() => database.exec(UNDOES)).toThrow();
        expect(() => database.prepare(add(3)).run()).toThrow(ENDED);
        expect(() => database.prepare('SELECT 1').all()).toThrow(ENDED);
      });
      expect(work).toThrow(ENDED);
      expect(await ids()).toEqual([1]);
      expect([database.inTransaction, inUse()]).toEqual([false, 0]);
    });

    it.each(['COMMIT', 'ROLLBACK', 'END'])('is told where its own function says %s', async (ending) => {
      const { tenancy, one, ids, inUse } = await opened();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const work = database.transaction(() => {
        database.exec(add(2));
        database.exec(ending);
        expect(() => database.exec(add(3))).toThrow(ENDED);
      });
      expect(work).toThrow(ENDED);
      expect(await ids()).toEqual(ending === 'ROLLBACK' ? [1] : [1, 2]);
      expect([database.inTransaction, inUse()]).toEqual([false, 0]);
    });

    it('is undone quietly where its holder rolls it back, and told where it commits', async () => {
      const { tenancy, one, ids, inUse } = await opened();
      await tenancy.run(one, async () => {
        const database = sqliteDatabase(tenancy);
        for (const [ending, isTold] of [
          ['ROLLBACK', false],
          ['COMMIT', true],
        ] as const) {
          database.exec('BEGIN');
          expect(() => database.exec(UNDOES)).toThrow(/NOT NULL/);
          expect(() => database.exec(add(4))).toThrow(ENDED);
          if (isTold) expect(() => database.exec(ending)).toThrow(ENDED);
          else database.exec(ending);
          expect([database.inTransaction, inUse()]).toEqual([false, 0]);
        }
        database.exec(add(5));
      });
      expect(await ids()).toEqual([1, 5]);
    });

    it('takes no further statement through Kysely', async () => {
      const { tenancy, one, ids, inUse } = await opened();
      const db = new Kysely({ dialect: sqliteDialect(tenancy) });
      const answer = tenancy.run(one, () =>
        db.transaction().execute(async (tx) => {
          await sql.raw(add(2)).execute(tx);
          await goesOnAfter(() => sql.raw(UNDOES).execute(tx));
          await sql.raw(add(3)).execute(tx);
        }),
      );
      await expect(answer).rejects.toEqual(ENDED);
      expect([await ids(), inUse()]).toEqual([[1], 0]);
    });

    it('takes no further statement through Knex, and is not committed silently', async () => {
      const { tenancy, one, ids, inUse } = await opened();
      const db = knex({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true });
      for (const more of [[add(3)], []]) {
        const answer = tenancy.run(one, () =>
          db.transaction(async (tx) => {
            await tx.raw(add(2));
            await goesOnAfter(() => tx.raw(UNDOES));
            for (const text of more) await tx.raw(text);
          }),
        );
        await expect(answer).rejects.toEqual(ENDED);
      }
      expect([await ids(), inUse()]).toEqual([[1], 0]);
    });

    it('takes no further statement through Prisma’s adapter', async () => {
      const { tenancy, one, ids, inUse } = await opened();
      await tenancy.run(one, async () => {
        const adapter = await prismaSqlite(tenancy).connect();
        const transaction = await adapter.startTransaction();
        const run = (text: string) => transaction.executeRaw({ sql: text, args: [], argTypes: [] });
        await goesOnAfter(() => run(UNDOES));
        await expect(run(add(3))).rejects.toEqual(ENDED);
        await transaction.rollback();
      });
      expect([await ids(), inUse()]).toEqual([[1], 0]);
    });
  });

  describe.each(['COMMIT', 'ROLLBACK'])('a transaction function of an ORM that says %s itself', (ending) => {
    type Run = (text: string) => Promise<unknown>;
    /** Runs a function in a transaction. */
    type Transact = (tenancy: Tenancy, work: (run: Run) => Promise<void>) => Promise<unknown>;
    const doors: readonly [string, Transact][] = [
      [
        'Kysely',
        (tenancy, work) =>
          new Kysely({ dialect: sqliteDialect(tenancy) })
            .transaction()
            .execute((tx) => work((text) => sql.raw(text).execute(tx))),
      ],
      [
        'a controlled one of Kysely',
        async (tenancy, work) => {
          const tx = await new Kysely({ dialect: sqliteDialect(tenancy) }).startTransaction().execute();
          try {
            await work((text) => sql.raw(text).execute(tx));
            await tx.commit().execute();
          } catch (error) {
            await tx.rollback().execute();
            throw error;
          }
        },
      ],
      [
        'Knex',
        (tenancy, work) =>
          knex({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true }).transaction((tx) =>
            work((text) => tx.raw(text).then()),
          ),
      ],
      [
        'Prisma’s adapter',
        async (tenancy, work) => {
          const tx = await (await prismaSqlite(tenancy).connect()).startTransaction();
          try {
            await work((text) => tx.executeRaw({ sql: text, args: [], argTypes: [] }));
          } catch (error) {
            await tx.rollback();
            throw error;
          }
          await tx.commit();
        },
      ],
    ];

    it.each(doors)('is told so, and nothing that follows runs alone: %s', async (_door, transact) => {
      const { tenancy, one, ids, inUse } = await opened();
      const kept = ending === 'COMMIT' ? [1, 2] : [1];
      await tenancy.run(one, async () => {
        const goesOn = transact(tenancy, async (run) => {
          await run(add(2));
          await run(ending);
          await expect(run(add(3))).rejects.toEqual(ENDED);
        });
        await expect(goesOn).rejects.toEqual(ENDED);
        expect([await ids(), inUse()]).toEqual([kept, 0]);
        const ends = transact(tenancy, async (run) => void (await run(ending)));
        await expect(ends).rejects.toEqual(ENDED);
        // One that ends as it should is not in the way of the next.
        for (const id of [4, 5]) await transact(tenancy, async (run) => void (await run(add(id))));
      });
      expect([await ids(), inUse()]).toEqual([[...kept, 4, 5], 0]);
    });
  });

  describe('a single call of an ORM that begins a transaction', () => {
    it.each<[string, (tenancy: Tenancy) => Promise<unknown>]>([
      ['Kysely', (tenancy) => sql`begin immediate`.execute(new Kysely({ dialect: sqliteDialect(tenancy) }))],
      [
        'Knex',
        (tenancy) =>
          knex({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true }).raw('begin immediate'),
      ],
    ])('leaves nothing of it to the next: %s', async (door, begin) => {
      const { tenancy, one, ids, inUse } = await opened();
      const call = tenancy.run(one, () => begin(tenancy));
      if (door === 'Kysely') await expect(call).rejects.toMatchObject({ code: 'TENANTRY_NOT_SUPPORTED' });
      else await call;
      expect(inUse()).toBe(0);
      await tenancy.session(one).execute(add(2));
      expect(await ids()).toEqual([1, 2]);
    });
  });

  describe('a key beyond 2^53', () => {
    const KEY = 2n ** 60n + 1n;
    const insert = `INSERT INTO big (id) VALUES (${KEY})`;

    /** The key of `users` is no alias of the rowid, as its type is INT. */
    async function withKeys() {
      const { tenancy, one } = await opened();
      await tenancy.session(one).query('CREATE TABLE big (id INTEGER PRIMARY KEY)');
      return { tenancy, one };
    }

    it.each<[string, (tenancy: Tenancy) => Promise<unknown>]>([
      ['a session', async (tenancy) => (await tenancy.session().execute(insert)).insertId],
      ['sqliteDatabase', async (tenancy) => sqliteDatabase(tenancy).prepare(insert).run().lastInsertRowid],
      [
        'Kysely',
        async (tenancy) =>
          (await sql.raw(insert).execute(new Kysely({ dialect: sqliteDialect(tenancy) }))).insertId,
      ],
    ])('is told exactly by %s', async (_door, run) => {
      const { tenancy, one } = await withKeys();
      expect(await tenancy.run(one, () => run(tenancy))).toBe(KEY);
    });

    it('is read exactly, and small ones are numbers', async () => {
      const { tenancy, one } = await withKeys();
      await tenancy.run(one, async () => {
        await tenancy.session().execute('INSERT INTO big (id) VALUES (1)');
        await tenancy.session().execute(insert);
        const expected = [{ id: 1 }, { id: KEY }];
        const kysely = new Kysely<{ big: { id: number } }>({ dialect: sqliteDialect(tenancy) });
        const query = kysely.selectFrom('big').select('id').orderBy('id');
        expect(await query.execute()).toEqual(expected);
        const streamed: unknown[] = [];
        for await (const row of query.stream()) streamed.push(row);
        expect(streamed).toEqual(expected);
        const db = knex({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true });
        expect(await db('big').select('id').orderBy('id')).toEqual(expected);
        expect(await db('big').select('id').orderBy('id').options({ safeIntegers: true })).toEqual([
          { id: 1n },
          { id: KEY },
        ]);
        const statement = (sqliteDatabase(tenancy) as SqliteDatabase).prepare(
          'SELECT id FROM big ORDER BY id',
        );
        expect(statement.safeIntegers().all()).toEqual([{ id: 1n }, { id: KEY }]);
      });
    });
  });
});

onTypeorm((opened) => {
  describe('a transaction of TypeORM that SQLite has ended', () => {
    it('takes no further statement', async () => {
      const { tenancy, one, source, usersOf, held } = await opened();
      const answer = tenancy.run(one, () =>
        source.transaction(async (manager) => {
          await goesOnAfter(() => manager.query(UNDOES));
          await manager.query(add(3));
        }),
      );
      await expect(answer).rejects.toThrow(/was ended/);
      expect([await usersOf(one), held()]).toEqual([[{ id: 1 }], 0]);
    });

    it('takes no further statement after its own function said COMMIT, and is not committed silently', async () => {
      const { tenancy, one, source, usersOf, held } = await opened();
      for (const more of [[add(3)], []]) {
        const answer = tenancy.run(one, () =>
          source.transaction(async (manager) => {
            await manager.query('COMMIT');
            for (const text of more) await manager.query(text);
          }),
        );
        await expect(answer).rejects.toThrow(/was ended/);
      }
      await tenancy.run(one, () => source.transaction((manager) => manager.query(add(4))));
      expect([await usersOf(one), held()]).toEqual([[{ id: 1 }, { id: 4 }], 0]);
    });

    it('that a single call begins leaves nothing to the next', async () => {
      const { tenancy, one, source, usersOf, held } = await opened();
      await tenancy.run(one, () => source.query('BEGIN IMMEDIATE'));
      expect(held()).toBe(0);
      await tenancy.session(one).execute(add(2));
      expect(await usersOf(one)).toEqual([{ id: 1 }, { id: 2 }]);
    });
  });
});
