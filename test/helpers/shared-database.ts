import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import type { Namespace } from './engines.js';

/** A database that tenants share, and the user that serves them: it may bypass nothing and owns nobody's tables. */
export interface SharedDatabase extends AsyncDisposable {
  /** The URL of the user that serves tenants, over TCP, with the database in its path. */
  readonly url: string;
  readonly user: string;
  readonly database: string;
  /** Runs a script as the database's owner, who is a superuser; gives the rows of the last statement. */
  owner(script: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Makes a database in a namespace, and a user that may make schemas in it and nothing else. */
export async function openSharedDatabase(namespace: Namespace, suffix = 'app'): Promise<SharedDatabase> {
  const { server } = namespace;
  if (server === undefined) throw new Error('Only a server has databases to share.');
  const database = namespace.name(suffix);
  const user = `app_${randomBytes(6).toString('hex')}`;
  const admin = await connect(server.url, 'postgres');
  await admin.query(`CREATE DATABASE ${database}; `);
  await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'app'`);
  await admin.query(`GRANT CREATE, CONNECT ON DATABASE ${database} TO ${user}`);
  const owner = await connect(server.url, database);
  const url = new URL(server.tcpUrl);
  url.username = user;
  url.password = 'app';
  url.pathname = `/${database}`;
  const close = async () => {
    await owner.end();
    await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await admin.query(`DROP ROLE ${user}`);
    await admin.end();
  };
  return {
    url: url.href,
    user,
    database,
    async owner(script) {
      const results: unknown = await owner.query(script);
      const last = (Array.isArray(results) ? results.at(-1) : results) as pg.QueryResult;
      return last.rows as Record<string, unknown>[];
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function connect(url: string, database: string): Promise<pg.Client> {
  const { host, port, socketPath, user, password } = parseAddress(url);
  const client = new pg.Client({
    host: socketPath ?? host ?? 'localhost',
    port: port ?? 5432,
    user: user ?? 'postgres',
    password: password?.reveal() ?? '',
    database,
  });
  // The database is dropped under it.
  client.on('error', () => {});
  await client.connect();
  return client;
}
