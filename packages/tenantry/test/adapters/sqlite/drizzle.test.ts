import { eq, sql } from 'drizzle-orm';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { isInstalled } from '../../../../../test/helpers/installed.js';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import type { Tenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';

const users = sqliteTable('users', { id: integer('id').notNull(), username: text('username').notNull() });

async function drizzleOver(tenancy: Tenancy) {
  const { drizzle } = await import('drizzle-orm/better-sqlite3');
  return drizzle(sqliteDatabase(tenancy), { schema: { users } });
}

onSqlite((open) => {
  describe('one Drizzle for every tenant', () => {
    beforeEach((context) => {
      if (!isInstalled('better-sqlite3'))
        context.skip('Drizzle imports better-sqlite3, which is not installed');
    });

    it('answers tenants of the same tick each from its own, by all that it has', async () => {
      const { tenancy, one, other } = await open();
      const db = await drizzleOver(tenancy);
      const prepared = db
        .select()
        .from(users)
        .where(eq(users.id, sql.placeholder('id')))
        .prepare();
      const asked = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other));
      const answers = await Promise.all(
        asked.map((name) =>
          tenancy.run(name, async () => [
            db.select({ username: users.username }).from(users).all()[0]?.username,
            (await db.select().from(users))[0]?.username,
            prepared.get({ id: 1 })?.username,
            db.get<{ username: string }>(sql`SELECT username FROM users`).username,
            db.query.users.findFirst().sync()?.username,
          ]),
        ),
      );
      expect(answers).toEqual(asked.map((name) => [name, name, name, name, name]));
    });

    it('runs a lazy query in the context in which it is awaited, and nothing without one', async () => {
      const { tenancy, one } = await open();
      const db = await drizzleOver(tenancy);
      const lazy = db.select({ username: users.username }).from(users);
      expect(await tenancy.run(one, () => lazy)).toEqual([{ username: one }]);
      expect(() => lazy.all()).toThrow(expect.objectContaining({ code: 'TENANTRY_NO_TENANT' }));
    });

    it('commits, rolls back and nests transactions', async () => {
      const { tenancy, one, other } = await open();
      const db = await drizzleOver(tenancy);
      const ids = () =>
        db
          .select({ id: users.id })
          .from(users)
          .all()
          .map(({ id }) => id);
      await tenancy.run(one, () => {
        db.transaction((tx) => {
          tx.insert(users).values({ id: 2, username: 'b' }).run();
          expect(() =>
            tx.transaction((nested) => {
              nested.insert(users).values({ id: 3, username: 'c' }).run();
              nested.rollback();
            }),
          ).toThrow();
          expect(tx.select().from(users).all()).toHaveLength(2);
        });
        expect(ids()).toEqual([1, 2]);
        expect(() =>
          db.transaction(
            (tx) => {
              tx.insert(users).values({ id: 4, username: 'd' }).run();
              throw new Error('no');
            },
            { behavior: 'immediate' },
          ),
        ).toThrow('no');
        expect(ids()).toEqual([1, 2]);
      });
      expect(await tenancy.run(other, ids)).toEqual([1]);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });
  });
});
