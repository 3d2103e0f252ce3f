import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Tenancy } from 'tenantry';
import { mariadbPool } from 'tenantry/mysql';
import { ambientPrisma } from 'tenantry/orm';
import { pgPool } from 'tenantry/postgres';
import { prismaSqlite as adapter } from 'tenantry/sqlite';
import type { OrmHandle, OrmUnderTest } from 'tenantry/testing';
import type { EngineName } from '../../../packages/tenantry/src/engine/capabilities.js';
import { PrismaClient as MysqlClient } from '../prisma/mysql/generated/client.js';
import { PrismaClient } from '../prisma/postgres/generated/client.js';
import { PrismaClient as SqliteClient } from '../prisma/sqlite/generated/client.js';

/** The adapter brings a mariadb of its own, whose types differ in what an optional property may be. */
type AdapterPool = ConstructorParameters<typeof PrismaMariaDb>[0];

/** One client for every tenant; the tests use no more than is the same on every engine. */
export const ambientClients = {
  postgres: (tenancy: Tenancy) =>
    ambientPrisma(tenancy, () => new PrismaClient({ adapter: new PrismaPg(pgPool(tenancy)) })),
  mysql: async (tenancy: Tenancy) =>
    (await ambientPrisma(
      tenancy,
      () => new MysqlClient({ adapter: new PrismaMariaDb(mariadbPool(tenancy) as unknown as AdapterPool) }),
    )) as unknown as PrismaClient,
  sqlite: async (tenancy: Tenancy) =>
    (await ambientPrisma(
      tenancy,
      () => new SqliteClient({ adapter: adapter(tenancy) }),
    )) as unknown as PrismaClient,
} satisfies Record<EngineName, (tenancy: Tenancy) => Promise<PrismaClient>>;

export const prismaPostgres = async (tenancy: Tenancy) => under(await ambientClients.postgres(tenancy));

/** Its adapter asks the server what it can do when it first connects: the template answers. */
export const prismaMysql = async (tenancy: Tenancy) => {
  const client = await ambientClients.mysql(tenancy);
  await tenancy.asTemplate(() => client.$connect());
  return under(client);
};

export const prismaSqlite = async (tenancy: Tenancy) => under(await ambientClients.sqlite(tenancy));

function under(client: PrismaClient): OrmUnderTest {
  return {
    ...handle(client),
    transaction: (work) =>
      client.$transaction((transaction) =>
        work({
          ...handle(transaction),
          nested: (inside) => transaction.$transaction((inner) => inside(handle(inner))),
        }),
      ),
    close: () => client.$disconnect(),
  };
}

function handle(client: Pick<PrismaClient, 'user'>): OrmHandle {
  return {
    names: () => lazily(client.user.findMany({ orderBy: { id: 'asc' } })),
    add: (id, username) => client.user.create({ data: { id, username } }),
  };
}

/** Stays lazy, as a PrismaPromise is. */
function lazily(rows: PromiseLike<{ username: string }[]>): PromiseLike<string[]> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: a lazy query is a thenable, and that is what is tried here
    then: (resolve, reject) => rows.then((all) => all.map(({ username }) => username)).then(resolve, reject),
  };
}
