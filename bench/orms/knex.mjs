import knex from 'knex';

/** @type {import('./orm.mjs').Open} */
export function open(engine, pool) {
  const db = knex({ client: engine === 'mysql' ? 'mysql2' : 'pg', connectionPool: pool });
  return { users: () => db('users').select('id', 'username').orderBy('id') };
}
