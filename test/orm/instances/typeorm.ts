import type { Tenancy } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { ambientTypeorm } from 'tenantry/orm';
import { pgDriver } from 'tenantry/postgres';
import { ambientTypeorm as ambientTypeormOnSqlite } from 'tenantry/sqlite';
import type { OrmHandle, OrmUnderTest } from 'tenantry/testing';
import {
  DataSource,
  type DataSourceOptions,
  type EntityManager,
  EntitySchema,
  type MigrationInterface,
  type QueryRunner,
  Table,
} from 'typeorm';

interface User {
  id: number;
  username: string;
}

const Users = new EntitySchema<User>({
  name: 'User',
  tableName: 'users',
  columns: {
    id: { type: Number, primary: true },
    username: { type: String, length: 100 },
  },
});

/** What no tenant has before it is synchronized. */
const Synchronized = new EntitySchema<{ id: number }>({
  name: 'Synchronized',
  tableName: 'synchronized',
  columns: { id: { type: Number, primary: true } },
});

const withId = (name: string) => new Table({ name, columns: [{ name: 'id', type: 'int', isPrimary: true }] });

class Migrated1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(withId('migrated'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('migrated');
  }
}

const model = { entities: [Users, Synchronized], migrations: [Migrated1700000000000] };

export const typeormMysql = (tenancy: Tenancy) =>
  onServer(tenancy, { type: 'mysql', driver: mysqlDriver(tenancy), ...model });
export const typeormPostgres = (tenancy: Tenancy) =>
  onServer(tenancy, { type: 'postgres', driver: pgDriver(tenancy), ...model });

export const typeormSqlite = async (tenancy: Tenancy) =>
  underTest(await ambientTypeormOnSqlite(tenancy, (sqlite) => new DataSource({ ...sqlite, ...model })));

const onServer = async (tenancy: Tenancy, options: DataSourceOptions) =>
  underTest(await ambientTypeorm(tenancy, () => new DataSource(options)));

function underTest(source: DataSource): OrmUnderTest {
  return {
    ...handle(source.manager),
    transaction: (work) =>
      source.transaction((outer) =>
        work({
          ...handle(outer),
          nested: (inside) => outer.transaction((inner) => inside(handle(inner))),
        }),
      ),
    async *stream() {
      const rows = await source.getRepository(Users).createQueryBuilder('user').orderBy('user.id').stream();
      for await (const row of rows) yield (row as unknown as { user_username: string }).user_username;
    },
    schema: {
      create: (table) => withRunner(source, (runner) => runner.createTable(withId(table))),
      has: (table) => withRunner(source, (runner) => runner.hasTable(table)),
      columns: (table) =>
        withRunner(
          source,
          async (runner) => (await runner.getTable(table))?.columns.map(({ name }) => name) ?? [],
        ),
      drop: (table) => withRunner(source, (runner) => runner.dropTable(table)),
      migrate: () => source.runMigrations(),
      revert: () => source.undoLastMigration(),
      synchronize: () => source.synchronize(),
      dropAll: () => source.dropDatabase(),
    },
    close: () => source.destroy(),
  };
}

async function withRunner<T>(source: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    return await work(runner);
  } finally {
    await runner.release();
  }
}

function handle(manager: EntityManager): OrmHandle {
  return {
    names: async () => {
      const rows = await manager.getRepository(Users).find({ order: { id: 'ASC' } });
      return rows.map(({ username }) => username);
    },
    add: (id, username) => manager.getRepository(Users).insert({ id, username }),
  };
}
