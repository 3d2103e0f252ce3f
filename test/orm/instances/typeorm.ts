import type { Tenancy } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { pgDriver } from 'tenantry/postgres';
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
  open(tenancy, { type: 'mysql', driver: mysqlDriver(tenancy), entities: [Users] });
export const typeormPostgres = (tenancy: Tenancy) =>
  open(tenancy, { type: 'postgres', driver: pgDriver(tenancy), entities: [Users] });

/** TypeORM probes the server when it starts, before there is a tenant: the template answers. */
async function open(tenancy: Tenancy, options: DataSourceOptions): Promise<OrmUnderTest> {
  const source = await tenancy.asTemplate(() => new DataSource(options).initialize());
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
