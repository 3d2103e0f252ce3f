import type { Tenancy } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { pgDriver } from 'tenantry/postgres';
import { ambientTypeorm } from 'tenantry/sqlite';
import type { OrmHandle, OrmUnderTest } from 'tenantry/testing';
import { DataSource, type DataSourceOptions, type EntityManager, EntitySchema } from 'typeorm';

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

export const typeormMysql = (tenancy: Tenancy) =>
  onServer(tenancy, { type: 'mysql', driver: mysqlDriver(tenancy), entities: [Users] });
export const typeormPostgres = (tenancy: Tenancy) =>
  onServer(tenancy, { type: 'postgres', driver: pgDriver(tenancy), entities: [Users] });

export const typeormSqlite = async (tenancy: Tenancy) =>
  underTest(await ambientTypeorm(tenancy, (sqlite) => new DataSource({ ...sqlite, entities: [Users] })));

/** TypeORM probes the server when it starts, before there is a tenant: the template answers. */
async function onServer(tenancy: Tenancy, options: DataSourceOptions): Promise<OrmUnderTest> {
  return underTest(await tenancy.asTemplate(() => new DataSource(options).initialize()));
}

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
    close: () => source.destroy(),
  };
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
