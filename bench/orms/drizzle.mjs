import * as mysql from 'drizzle-orm/mysql-core';
import { drizzle as mysqlDrizzle } from 'drizzle-orm/mysql2';
import { drizzle as postgresDrizzle } from 'drizzle-orm/node-postgres';
import * as postgres from 'drizzle-orm/pg-core';

const mysqlUsers = mysql.mysqlTable('users', {
  id: mysql.int().primaryKey(),
  username: mysql.varchar({ length: 100 }).notNull(),
});
const postgresUsers = postgres.pgTable('users', {
  id: postgres.integer().primaryKey(),
  username: postgres.varchar({ length: 100 }).notNull(),
});

/** @type {import('./orm.mjs').Open} */
export function open(engine, pool) {
  if (engine === 'mysql') {
    const db = mysqlDrizzle(pool);
    return { users: () => db.select().from(mysqlUsers).orderBy(mysqlUsers.id) };
  }
  const db = postgresDrizzle(pool);
  return { users: () => db.select().from(postgresUsers).orderBy(postgresUsers.id) };
}
