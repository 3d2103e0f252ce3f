import knex, { type Knex } from 'knex';
import type { Tenancy } from 'tenantry';
import { mysqlPool } from 'tenantry/mysql';
import { pgPool } from 'tenantry/postgres';
import { sqliteKnexClient } from 'tenantry/sqlite';
import type { OrmHandle, OrmTransaction, OrmUnderTest } from 'tenantry/testing';

export const knexMysql = (tenancy: Tenancy) =>
  instance({ client: 'mysql2', connectionPool: asPool(mysqlPool(tenancy)) });
export const knexPostgres = (tenancy: Tenancy) =>
  instance({ client: 'pg', connectionPool: asPool(pgPool(tenancy)) });

export const knexSqlite = (tenancy: Tenancy) =>
  instance({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true });

/** Knex 3.3 takes a driver's pool; its types say that it is one of its own kind. */
const asPool = (pool: object) => pool as NonNullable<Knex.Config['connectionPool']>;

function instance(config: Knex.Config): OrmUnderTest {
  const db = knex(config);
  return {
    ...handle(db),
    transaction: (work) => db.transaction((outer) => work(inside(outer))),
    async *stream() {
      for await (const { username } of db('users').select('username').orderBy('id').stream()) yield username;
    },
    close: () => db.destroy(),
  };
}

function handle(db: Knex): OrmHandle {
  return {
    names: () => db('users').orderBy('id').pluck('username'),
    add: (id, username) => db('users').insert({ id, username }),
  };
}

function inside(transaction: Knex.Transaction): OrmTransaction {
  return {
    ...handle(transaction),
    nested: (work) => transaction.transaction((inner) => work(handle(inner))),
  };
}
