import { createRequire } from 'node:module';
import {
  type Dialect,
  Kysely,
  type Migration,
  type MigrationResultSet,
  Migrator,
  MysqlDialect,
  type PostgresCursorConstructor,
  PostgresDialect,
  type Transaction,
} from 'kysely';
import type { Tenancy } from 'tenantry';
import { mysqlPool } from 'tenantry/mysql';
import { pgPool } from 'tenantry/postgres';
import { sqliteDialect } from 'tenantry/sqlite';
import type { OrmHandle, OrmSchemaTools, OrmUnderTest } from 'tenantry/testing';

/** It has no types of its own. */
const Cursor = createRequire(import.meta.url)('pg-cursor') as PostgresCursorConstructor;

interface Tables {
  users: { id: number; username: string };
}

export const kyselyMysql = (tenancy: Tenancy) =>
  kysely(tenancy, new MysqlDialect({ pool: mysqlPool(tenancy) }));
export const kyselyPostgres = (tenancy: Tenancy) =>
  kysely(tenancy, new PostgresDialect({ pool: pgPool(tenancy), cursor: Cursor }));
export const kyselySqlite = (tenancy: Tenancy) => kysely(tenancy, sqliteDialect(tenancy));

function kysely(tenancy: Tenancy, dialect: Dialect): OrmUnderTest {
  const db = new Kysely<Tables>({ dialect });
  return {
    ...handle(db),
    transaction: (work) => db.transaction().execute((transaction) => work(inside(transaction))),
    async *stream() {
      for await (const { username } of db.selectFrom('users').select('username').orderBy('id').stream(1)) {
        yield username;
      }
    },
    schema: schemaTools(tenancy, db),
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

function schemaTools(tenancy: Tenancy, db: Kysely<Tables>): OrmSchemaTools {
  // Where tenants have a schema each, it sees those of all.
  const own = async () => (await tenancy.session().ready()).placement.schema;
  const table = async (name: string) => {
    const [schema, tables] = [await own(), await db.introspection.getTables()];
    return tables.find((each) => each.name === name && (schema === undefined || each.schema === schema));
  };
  const migrator = async () => {
    const schema = await own();
    return new Migrator({
      db,
      provider: { getMigrations: async () => ({ migrated }) },
      ...(schema !== undefined && { migrationTableSchema: schema }),
    });
  };
  return {
    create: (name) => db.schema.createTable(name).addColumn('id', 'integer').execute(),
    has: async (name) => (await table(name)) !== undefined,
    columns: async (name) => (await table(name))?.columns.map((column) => column.name) ?? [],
    drop: (name) => db.schema.dropTable(name).execute(),
    migrate: () => assertDone(migrator().then((it) => it.migrateToLatest())),
    revert: () => assertDone(migrator().then((it) => it.migrateDown())),
  };
}

const migrated: Migration = {
  up: (db) => db.schema.createTable('migrated').addColumn('id', 'integer').execute(),
  down: (db) => db.schema.dropTable('migrated').execute(),
};

/** A migrator tells of an error, and throws none. */
async function assertDone(running: Promise<MigrationResultSet>): Promise<void> {
  const { error } = await running;
  if (error !== undefined) throw error;
}
