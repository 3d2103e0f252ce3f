import { createRequire } from 'node:module';
import {
  type Dialect,
  Kysely,
  MysqlDialect,
  type PostgresCursorConstructor,
  PostgresDialect,
  type Transaction,
} from 'kysely';
import type { Tenancy } from 'tenantry';
import { mysqlPool } from 'tenantry/mysql';
import { pgPool } from 'tenantry/postgres';
import { sqliteDialect } from 'tenantry/sqlite';
import type { OrmHandle, OrmUnderTest } from 'tenantry/testing';

/** It has no types of its own. */
const Cursor = createRequire(import.meta.url)('pg-cursor') as PostgresCursorConstructor;

interface Tables {
  users: { id: number; username: string };
}

export const kyselyMysql = (tenancy: Tenancy) => kysely(new MysqlDialect({ pool: mysqlPool(tenancy) }));
export const kyselyPostgres = (tenancy: Tenancy) =>
  kysely(new PostgresDialect({ pool: pgPool(tenancy), cursor: Cursor }));
export const kyselySqlite = (tenancy: Tenancy) => kysely(sqliteDialect(tenancy));

function kysely(dialect: Dialect): OrmUnderTest {
  const db = new Kysely<Tables>({ dialect });
  return {
    ...handle(db),
    transaction: (work) => db.transaction().execute((transaction) => work(inside(transaction))),
    async *stream() {
      for await (const { username } of db.selectFrom('users').select('username').orderBy('id').stream(1)) {
        yield username;
      }
    },
    close: () => db.destroy(),
  };
}

function handle(db: Kysely<Tables>): OrmHandle {
  return {
    names: async () => {
      const rows = await db.selectFrom('users').select('username').orderBy('id').execute();
      return rows.map(({ username }) => username);
    },
    add: (id, username) => db.insertInto('users').values({ id, username }).execute(),
  };
}

function inside(transaction: Transaction<Tables>) {
  return handle(transaction);
}
