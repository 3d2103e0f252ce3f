import knex, { type Knex } from 'knex';
import type { Tenancy } from 'tenantry';
import { mysqlPool } from 'tenantry/mysql';
import { ambientKnex } from 'tenantry/orm';
import { pgPool } from 'tenantry/postgres';
import { sqliteKnexClient } from 'tenantry/sqlite';
import type { OrmHandle, OrmSchemaTools, OrmTransaction, OrmUnderTest } from 'tenantry/testing';

export const knexMysql = (tenancy: Tenancy) =>
  instance(ambientKnex(tenancy, knex({ client: 'mysql2', connectionPool: asPool(mysqlPool(tenancy)) })));
export const knexPostgres = (tenancy: Tenancy) =>
  instance(ambientKnex(tenancy, knex({ client: 'pg', connectionPool: asPool(pgPool(tenancy)) })));

export const knexSqlite = (tenancy: Tenancy) =>
  instance(knex({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true }));

/** Knex 3.3 takes a driver's pool; its types say that it is one of its own kind. */
const asPool = (pool: object) => pool as NonNullable<Knex.Config['connectionPool']>;

function instance(db: Knex): OrmUnderTest {
  return {
    ...handle(db),
    transaction: (work) => db.transaction((outer) => work(inside(outer))),
    async *stream() {
      for await (const { username } of db('users').select('username').orderBy('id').stream()) yield username;
    },
    schema: schemaTools(db),
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

function schemaTools(db: Knex): OrmSchemaTools {
  return {
    create: (name) => db.schema.createTable(name, (table) => table.integer('id')),
    has: (name) => db.schema.hasTable(name),
    columns: async (name) => Object.keys(await db(name).columnInfo()),
    drop: (name) => db.schema.dropTable(name),
    migrate: () => db.migrate.latest({ migrationSource }),
    revert: () => db.migrate.rollback({ migrationSource }),
  };
}

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => ['migrated'],
  getMigrationName: (name) => name,
  getMigration: async () => ({
    up: (db) => db.schema.createTable('migrated', (table) => table.integer('id')),
    down: (db) => db.schema.dropTable('migrated'),
  }),
};
