import mysql from 'mysql2/promise';
import pg from 'pg';
import { parseAddress, type ServerAddress } from '../../packages/tenantry/src/engine/address.js';

type Rows = readonly Record<string, unknown>[];

/**
 * A test's own way to a server, past everything that is being tested: one connection of the plain driver,
 * with all rights.
 */
export interface Administrator extends AsyncDisposable {
  /** Runs one statement in no tenant's database. */
  query(sql: string, params?: readonly (string | number)[]): Promise<Rows>;
  /** Every database whose name begins with `prefix`. */
  databases(prefix: string): Promise<readonly string[]>;
  /** Drops a database, with whoever is in it. */
  drop(database: string): Promise<void>;
  close(): Promise<void>;
}

/** Connects to the server of a `mysql:` or `postgres:` URL. */
export function administrate(url: string): Promise<Administrator> {
  const address = parseAddress(url);
  return address.engine === 'mysql' ? administrateMysql(address) : administratePostgres(address);
}

async function administrateMysql({ host, port, socketPath, user, password }: ServerAddress) {
  const connection = await mysql.createConnection({
    ...(socketPath === undefined ? { host: host ?? 'localhost', port: port ?? 3306 } : { socketPath }),
    user: user ?? 'root',
    password: password?.reveal() ?? '',
  });
  const query = async (sql: string, params: readonly (string | number)[] = []): Promise<Rows> => {
    const [rows] = await connection.query(sql, [...params]);
    return Array.isArray(rows) ? (rows as Rows) : [];
  };
  return administrator({
    query,
    async databases(prefix) {
      const rows = await query('SELECT schema_name AS name FROM information_schema.schemata');
      return rows.map((row) => String(row.name)).filter((name) => name.startsWith(prefix));
    },
    async drop(database) {
      const sessions = await query('SELECT id FROM information_schema.processlist WHERE db = ?', [database]);
      for (const { id } of sessions) await query(`KILL ${Number(id)}`).catch(ignoreAlreadyGone);
      await query(`DROP DATABASE IF EXISTS ${mysql.escapeId(database, true)}`);
    },
    close: () => connection.end(),
  });
}

async function administratePostgres({ host, port, socketPath, user, password }: ServerAddress) {
  const client = new pg.Client({
    host: socketPath ?? host ?? 'localhost',
    port: port ?? 5432,
    user: user ?? 'postgres',
    password: password?.reveal() ?? '',
    database: 'postgres',
  });
  await client.connect();
  const query = async (sql: string, params: readonly (string | number)[] = []): Promise<Rows> => {
    const result: pg.QueryResult<Record<string, unknown>> = await client.query(sql, [...params]);
    return result.rows;
  };
  return administrator({
    query,
    async databases(prefix) {
      const rows = await query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix]);
      return rows.map((row) => String(row.datname));
    },
    async drop(database) {
      await query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(database)} WITH (FORCE)`);
    },
    close: () => client.end(),
  });
}

function administrator(methods: Omit<Administrator, typeof Symbol.asyncDispose>): Administrator {
  return { ...methods, [Symbol.asyncDispose]: () => methods.close() };
}

function ignoreAlreadyGone(): void {}
