import { Kysely, MysqlDialect, PostgresDialect } from 'kysely';

/** @type {import('./orm.mjs').Open} */
export function open(engine, pool) {
  const dialect = engine === 'mysql' ? new MysqlDialect({ pool }) : new PostgresDialect({ pool });
  const db = new Kysely({ dialect });
  return { users: () => db.selectFrom('users').select(['id', 'username']).orderBy('id').execute() };
}
