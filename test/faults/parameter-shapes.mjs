// @ts-nocheck: whatever has no type is given here.
// Gives every door to SQLite parameters of every shape. Says which before it does: a driver may end the process over it.
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import fc from 'fast-check';
import knex from 'knex';
import { CompiledQuery, Kysely } from 'kysely';
import { createTenancy, tenancyErrorOf } from 'tenantry';
import {
  ambientTypeorm,
  prismaSqlite,
  sqliteDatabase,
  sqliteDialect,
  sqliteKnexClient,
} from 'tenantry/sqlite';
import { DataSource } from 'typeorm';

const [folder, driver, seed, numRuns] = process.argv.slice(2);
const tenancy = await createTenancy({ catalog: `sqlite:${folder}?driver=${driver}`, setup: true });
await tenancy.tenants.create({ name: 'acme' });
await tenancy.session('acme').ready();

const one = { tenant: 'acme' };
const database = sqliteDatabase(tenancy, one);
const orm = drizzle(database);
const kysely = new Kysely({ dialect: sqliteDialect(tenancy, one) });
const builder = knex({ client: sqliteKnexClient(tenancy, knex, one), useNullAsDefault: true });
const prisma = await prismaSqlite(tenancy, one).connect();
const source = await ambientTypeorm(tenancy, (given) => new DataSource({ ...given, entities: [] }));
const lease = await tenancy.clients('acme').acquire();

/** Each takes a statement and a list of values. */
const doors = {
  get: (sql, params) => database.prepare(sql).get(...params),
  all: (sql, params) => database.prepare(sql).all(...params),
  run: (sql, params) => database.prepare(sql).run(...params),
  iterate: (sql, params) => [...database.prepare(sql).iterate(...params)],
  bind: (sql, params) => {
    const statement = database.prepare(sql);
    return statement.bind(...params).all();
  },
  array: (sql, params) => database.prepare(sql).all(params),
  lent: (sql, params) => lease.client.prepare(sql).all(...params),
  session: (sql, params) => tenancy.session('acme').query(sql, params),
  central: (sql, params) => tenancy.central.query(sql, params),
  drizzle: (sql, params) => orm.all(asDrizzle(sql, params)),
  kysely: (sql, params) => kysely.executeQuery(CompiledQuery.raw(sql, params)),
  knex: (sql, params) => builder.raw(sql, params),
  prisma: (sql, args) =>
    prisma.queryRaw({ sql, args, argTypes: args.map(() => ({ scalarType: 'unknown', arity: 'scalar' })) }),
  typeorm: (sql, params) => tenancy.run('acme', () => source.query(sql, params)),
};

function asDrizzle(sql, params) {
  const [first, ...texts] = sql.split('?').map((text) => drizzleSql.raw(text));
  return drizzleSql.join([
    first,
    ...texts.flatMap((text, at) => [drizzleSql`${drizzleSql.param(params[at])}`, text]),
  ]);
}

let asked = 0;
const detached = new Uint8Array(8);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const odd = [
  () => new Proxy([1], {}),
  () => new Proxy({ a: 1, b: 2 }, {}),
  () => Object.create(Uint8Array.prototype),
  () => Object.create(Date.prototype),
  () => Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: () => (asked++ % 2 ? {} : 2) }),
  () => Object.assign([1], { length: 3 }),
  () => new Uint8Array(new SharedArrayBuffer(2)),
  () => new DataView(new ArrayBuffer(2)),
  () => detached,
  () => Symbol('s'),
  () => () => 1,
  () => new String('a'),
  () => new Date(0),
  () => 2n ** 63n,
  () => -(2n ** 63n) - 1n,
];
const value = fc.oneof(
  fc.constantFrom(1, 'text', null, 2n, true, undefined, Buffer.from('b')),
  fc.constantFrom({}, [], [1], { a: 1 }, { a: 1, b: 2 }, { a: {}, b: [] }),
  fc.constantFrom(...odd).map((make) => make()),
  fc.anything({
    withBigInt: true,
    withDate: true,
    withTypedArray: true,
    withSparseArray: true,
    withMap: true,
  }),
);
const statement = fc.constantFrom(
  ...['SELECT 1', 'SELECT ?', 'SELECT ?, ?', 'SELECT :a', 'SELECT @a, $b', 'SELECT ?, :a', 'SELECT ?2, ?'],
  ...['SELECT ?1, ?1', 'SELECT :a, @a, :a'],
);
const given = fc.tuple(statement, fc.array(value, { maxLength: 3 }));

for (const [sql, params] of fc.sample(given, { seed: Number(seed), numRuns: Number(numRuns) })) {
  for (const [door, use] of Object.entries(doors)) {
    writeSync(
      1,
      `${door}: ${sql} ${inspect(params, { compact: true, breakLength: Infinity }).replaceAll('\n', ' ')}`,
    );
    writeSync(1, ` => ${await outcomeOf(() => use(sql, params))}\n`);
  }
}
lease.release();
await tenancy.destroy();
writeSync(1, 'alive\n');

async function outcomeOf(use) {
  try {
    await use();
    return 'done';
  } catch (error) {
    return tenancyErrorOf(error)?.code ?? `${error?.name} ${error?.code ?? error?.message}`;
  }
}
