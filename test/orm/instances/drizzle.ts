import { fileURLToPath } from 'node:url';
import { eq, sql } from 'drizzle-orm';
import * as mysqlCore from 'drizzle-orm/mysql-core';
import { drizzle as drizzleOnMysql } from 'drizzle-orm/mysql2';
import { migrate as migrateOnMysql } from 'drizzle-orm/mysql2/migrator';
import { drizzle as drizzleOnPostgres } from 'drizzle-orm/node-postgres';
import { migrate as migrateOnPostgres } from 'drizzle-orm/node-postgres/migrator';
import * as postgresCore from 'drizzle-orm/pg-core';
import * as sqliteCore from 'drizzle-orm/sqlite-core';
import type { Tenancy } from 'tenantry';
import { mysqlPool } from 'tenantry/mysql';
import { ambientDrizzle } from 'tenantry/orm';
import { pgPool } from 'tenantry/postgres';
import { sqliteDatabase } from 'tenantry/sqlite';
import type { OrmHandle, OrmUnderTest } from 'tenantry/testing';

/** Which makes one table; the same text on every engine. */
const migrations = { migrationsFolder: fileURLToPath(new URL('../migrations/drizzle', import.meta.url)) };

/** Drizzle over mysql2's pool. */
export function drizzleMysql(tenancy: Tenancy): OrmUnderTest {
  const users = mysqlCore.mysqlTable('users', {
    id: mysqlCore.int('id').primaryKey(),
    username: mysqlCore.varchar('username', { length: 100 }).notNull(),
  });
  const pool = mysqlPool(tenancy);
  const db = ambientDrizzle(tenancy, drizzleOnMysql(pool));
  type Handle = Pick<typeof db, 'select' | 'insert'>;
  const handle = (on: Handle): OrmHandle => ({
    names: () => namesIn(on.select().from(users).orderBy(users.id)),
    add: (id, username) => on.insert(users).values({ id, username }),
  });
  const byId = db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare();
  return {
    ...handle(db),
    transaction: (work) =>
      db.transaction((outer) =>
        work({
          ...handle(outer),
          nested: (inside) => outer.transaction((inner) => inside(handle(inner))),
        }),
      ),
    prepared: async (id) => (await byId.execute({ id }))[0]?.username,
    async *stream() {
      const rows = db.select().from(users).orderBy(users.id).prepare().iterator();
      for await (const row of rows) yield row.username;
    },
    schema: { migrate: () => migrateOnMysql(db, migrations) },
    close: () => pool.promise().end(),
  };
}

/** Drizzle over pg's pool. */
export function drizzlePostgres(tenancy: Tenancy): OrmUnderTest {
  const users = postgresCore.pgTable('users', {
    id: postgresCore.integer('id').primaryKey(),
    username: postgresCore.varchar('username', { length: 100 }).notNull(),
  });
  const pool = pgPool(tenancy);
  const db = ambientDrizzle(tenancy, drizzleOnPostgres(pool));
  type Handle = Pick<typeof db, 'select' | 'insert'>;
  const handle = (on: Handle): OrmHandle => ({
    names: () => namesIn(on.select().from(users).orderBy(users.id)),
    add: (id, username) => on.insert(users).values({ id, username }),
  });
  const byId = db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('user_by_id');
  return {
    ...handle(db),
    transaction: (work) =>
      db.transaction((outer) =>
        work({
          ...handle(outer),
          nested: (inside) => outer.transaction((inner) => inside(handle(inner))),
        }),
      ),
    prepared: async (id) => (await byId.execute({ id }))[0]?.username,
    schema: {
      migrate: () => migrateOnPostgres(db, migrations),
    },
    close: () => pool.end(),
  };
}

/** Drizzle over better-sqlite3's database; its calls are synchronous, and so want routes that are known. */
export async function drizzleSqlite(tenancy: Tenancy, tenants: readonly string[]): Promise<OrmUnderTest> {
  const { drizzle: drizzleOnSqlite } = await import('drizzle-orm/better-sqlite3');
  const { migrate: migrateOnSqlite } = await import('drizzle-orm/better-sqlite3/migrator');
  await tenancy.warmUp(tenants);
  const users = sqliteCore.sqliteTable('users', {
    id: sqliteCore.integer('id').primaryKey(),
    username: sqliteCore.text('username').notNull(),
  });
  const database = sqliteDatabase(tenancy);
  const db = ambientDrizzle(tenancy, drizzleOnSqlite(database));
  type Handle = Pick<typeof db, 'select' | 'insert'>;
  const handle = (on: Handle): OrmHandle => ({
    names: () => namesIn(on.select().from(users).orderBy(users.id)),
    add: (id, username) => on.insert(users).values({ id, username }),
  });
  const byId = db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare();
  return {
    ...handle(db),
    // An asynchronous transaction is begun by statements; better-sqlite3's own cannot wait.
    transaction: () => Promise.reject(new Error('left out')),
    prepared: async (id) => byId.get({ id })?.username,
    schema: { migrate: async () => migrateOnSqlite(db, migrations) },
    close: async () => {
      database.close();
    },
  };
}

/** Stays lazy: nothing runs before somebody waits. */
function namesIn(rows: PromiseLike<{ username: string }[]>): PromiseLike<string[]> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: a lazy query is a thenable, and that is what is tried here
    then: (resolve, reject) => rows.then((all) => all.map(({ username }) => username)).then(resolve, reject),
  };
}
