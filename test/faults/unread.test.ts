import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import { drizzle } from 'drizzle-orm/mysql2';
import knex, { type Knex } from 'knex';
import { type Dialect, Kysely, MysqlDialect, type PostgresCursorConstructor, PostgresDialect } from 'kysely';
import type { PoolConnection as MariadbConnection } from 'mariadb';
import type { PoolConnection as MysqlConnection } from 'mysql2';
import type pg from 'pg';
import QueryStream from 'pg-query-stream';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mariadbPool, mysqlDriver, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { ambientTypeorm } from '../../packages/tenantry/src/adapters/orm/index.js';
import { pgDriver, pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES } from './setting.js';

/** More than any buffer on the way takes. */
const MANY = {
  mysql: "SELECT REPEAT('x', 1000) AS text FROM seq_1_to_20000",
  postgres: "SELECT REPEAT('x', 1000) AS text FROM generate_series(1, 20000)",
};
const Cursor = createRequire(import.meta.url)('pg-cursor') as new (
  sql: string,
) => pg.Submittable & { read(count: number): Promise<unknown[]> };

/** For those that keep their connection: the pool's own limit. */
const queryMs = 500;

/** Begins to read and leaves the rest, whose connection it gives back, or keeps until its time is over. */
type Leave = (tenancy: Tenancy, tenant: string) => Promise<unknown>;

const first = (rows: AsyncIterable<unknown>) => rows[Symbol.asyncIterator]().next();
const begun = (rows: Readable) => once(rows, 'readable');

const byMysql =
  (read: (connection: MysqlConnection) => unknown): Leave =>
  async (tenancy, tenant) => {
    const connection = await new Promise<MysqlConnection>((resolve, reject) =>
      mysqlPool(tenancy, { tenant, queryMs }).getConnection((error, given) =>
        error ? reject(error) : resolve(given),
      ),
    );
    await read(connection);
    connection.release();
  };
const byMariadb =
  (read: (connection: MariadbConnection) => unknown): Leave =>
  async (tenancy, tenant) => {
    const connection = await mariadbPool(tenancy, { tenant, queryMs }).getConnection();
    await read(connection);
    await connection.release();
  };
const byPg =
  (read: (client: pg.PoolClient) => unknown): Leave =>
  async (tenancy, tenant) => {
    const client = await pgPool(tenancy, { tenant, queryMs }).connect();
    await read(client);
    client.release();
  };
const byKysely =
  (dialect: (tenancy: Tenancy, tenant: string) => Dialect): Leave =>
  (tenancy, tenant) =>
    first(
      new Kysely<{ notes: { text: string } }>({ dialect: dialect(tenancy, tenant) })
        .selectFrom('notes')
        .selectAll()
        .stream(1),
    );
const byKnex =
  (client: string, pool: (tenancy: Tenancy, tenant: string) => object): Leave =>
  (tenancy, tenant) => {
    const connectionPool = pool(tenancy, tenant) as NonNullable<Knex.Config['connectionPool']>;
    return begun(knex({ client, connectionPool })('notes').select().stream());
  };
const byTypeorm =
  (options: (tenancy: Tenancy, tenant: string) => DataSourceOptions): Leave =>
  async (tenancy, tenant) => {
    const source = await ambientTypeorm(tenancy, () => new DataSource(options(tenancy, tenant)));
    return tenancy.run(tenant, async () =>
      begun(await source.createQueryBuilder().select('*').from('notes', 'notes').stream()),
    );
  };

const doors: Record<'mysql' | 'postgres', Record<string, Leave>> = {
  mysql: {
    'a stream of a connection of mysqlPool': byMysql((connection) => connection.query(MANY.mysql).stream()),
    'the same that was begun': byMysql((connection) => begun(connection.query(MANY.mysql).stream())),
    'a stream of a prepared statement': byMysql((connection) =>
      begun(connection.execute(MANY.mysql).stream()),
    ),
    'a command without a callback': byMysql((connection) => void connection.query(MANY.mysql)),
    'several on one connection': byMysql((connection) => {
      for (let i = 0; i < 3; i++) connection.query(MANY.mysql).stream();
    }),
    'a stream of mysqlPool': async (tenancy, tenant) =>
      mysqlPool(tenancy, { tenant, queryMs }).query(MANY.mysql).stream(),
    'a stream of mysqlPool that was begun': (tenancy, tenant) =>
      begun(mysqlPool(tenancy, { tenant, queryMs }).query(MANY.mysql).stream()),
    'a stream of mariadbPool': byMariadb((connection) => connection.queryStream(MANY.mysql)),
    'a stream of mariadbPool that was begun': byMariadb((connection) =>
      begun(connection.queryStream(MANY.mysql)),
    ),
    'a stream of mariadbPool, of a prepared statement': byMariadb(async (connection) =>
      begun((await connection.prepare(MANY.mysql)).executeStream([])),
    ),
    'several on one connection of mariadbPool': byMariadb((connection) => {
      for (let i = 0; i < 3; i++) connection.queryStream(MANY.mysql);
    }),
    'a stream of mariadbPool whose connection is kept': async (tenancy, tenant) =>
      begun((await mariadbPool(tenancy, { tenant, queryMs }).getConnection()).queryStream(MANY.mysql)),
    'a stream of Kysely': byKysely(
      (tenancy, tenant) => new MysqlDialect({ pool: mysqlPool(tenancy, { tenant, queryMs }) }),
    ),
    'a stream of Knex': byKnex('mysql2', (tenancy, tenant) => mysqlPool(tenancy, { tenant, queryMs })),
    'a stream of TypeORM': byTypeorm((tenancy) => ({
      type: 'mysql',
      driver: mysqlDriver(tenancy, { queryMs }),
    })),
    'an iterator of Drizzle': (tenancy, tenant) =>
      first(
        drizzle(mysqlPool(tenancy, { tenant, queryMs }))
          .select()
          .from(mysqlTable('notes', { text: varchar('text', { length: 2000 }) }))
          .prepare()
          .iterator(),
      ),
  },
  postgres: {
    'a cursor': byPg((client) => client.query(new Cursor(MANY.postgres))),
    'a cursor that was begun': byPg((client) => client.query(new Cursor(MANY.postgres)).read(1)),
    'a cursor whose answer is not awaited': byPg((client) => {
      void client
        .query(new Cursor(MANY.postgres))
        .read(1)
        .catch(() => {});
    }),
    'a stream': byPg((client) => client.query(new QueryStream(MANY.postgres))),
    'a stream that was begun': byPg((client) => begun(client.query(new QueryStream(MANY.postgres)))),
    'several on one client': byPg((client) => {
      for (let i = 0; i < 3; i++) client.query(new QueryStream(MANY.postgres));
    }),
    'a stream whose client is kept': async (tenancy, tenant) =>
      begun((await pgPool(tenancy, { tenant, queryMs }).connect()).query(new QueryStream(MANY.postgres))),
    'a stream of Kysely': byKysely(
      (tenancy, tenant) =>
        new PostgresDialect({
          pool: pgPool(tenancy, { tenant, queryMs }),
          cursor: Cursor as unknown as PostgresCursorConstructor,
        }),
    ),
    'a stream of Knex': byKnex('pg', (tenancy, tenant) => pgPool(tenancy, { tenant, queryMs })),
    'a stream of TypeORM': byTypeorm((tenancy) => ({
      type: 'postgres',
      driver: pgDriver(tenancy, { queryMs }),
    })),
  },
};

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let tenancy: Tenancy;
  let tenant: string;
  const uncaught: unknown[] = [];
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const others = events.map((event) => process.listeners(event as 'exit'));
  beforeEach(async () => {
    tenancy = await openTenancy(namespace(), {
      servers: { main: { url: namespace().url, maxConnections: 2 } },
      provision: { script: NOTES },
      template: namespace().name('Template'),
    });
    tenant = namespace().name('acme');
    if ((await tenancy.tenants.list()).tenants.length === 0) {
      for (const each of ['Template', 'acme', 'other'])
        await tenancy.tenants.create({ name: namespace().name(each) });
      await tenancy.session(tenant).execute(`INSERT INTO notes ${MANY[name]}`);
    }
    uncaught.splice(0);
    for (const event of events) {
      process.removeAllListeners(event);
      process.on(event, (error: unknown) => uncaught.push(error));
    }
  });
  afterEach(() => {
    for (const [index, event] of events.entries()) {
      process.removeAllListeners(event);
      for (const listener of others[index] ?? []) process.on(event, listener as never);
    }
  });

  describe.each(Object.entries(doors[name]))('%s that is left unread', (_door, leave) => {
    it('gives its place back, ends nothing else, and reaches nobody', async () => {
      const { leases = 0 } = tenancy.stats().servers.main?.totals ?? {};
      await leave(tenancy, tenant);
      await expect.poll(() => tenancy.stats().servers.main?.totals.leases).toBeGreaterThan(leases);
      await expect.poll(() => tenancy.stats().servers.main?.inUse, { timeout: 20_000 }).toBe(0);
      const ask = (whom: string, ms: string) =>
        tenancy.session(namespace().name(whom)).query(`SELECT ${ms} AS a`);
      expect(await Promise.all([ask('acme', '1'), ask('other', '2')])).toEqual([[{ a: 1 }], [{ a: 2 }]]);
      expect(uncaught).toEqual([]);
    });
  });
});
