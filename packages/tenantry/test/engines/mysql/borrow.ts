import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Connection } from 'mysql2';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { parseAddress } from '../../../src/engine/address.js';
import { type KillStatement, MysqlConnection } from '../../../src/engines/mysql/connection.js';
import { createClient, loadDriver } from '../../../src/engines/mysql/driver.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { connectionOptions } from '../../../src/engines/mysql/options.js';
import type { TestServer } from './test-server.js';

/** A connection, and the driver's own client under it, as a borrower of a lease may have it. */
export interface Borrowed {
  readonly connection: MysqlConnection;
  readonly client: Connection;
  /** Runs statements past the connection, so that it notices nothing. */
  run(...statements: string[]): Promise<Record<string, unknown>[]>;
}

const opened: MysqlConnection[] = [];

export async function borrow(url: string, database: string, kill = killAt(url)): Promise<Borrowed> {
  const driver = await loadDriver();
  const client = createClient(driver, { ...connectionOptions(parseAddress(url)), database });
  const connection = new MysqlConnection(driver, client, database, kill);
  await connection.establish();
  opened.push(connection);
  const run = async (...statements: string[]) => {
    let rows: unknown;
    for (const sql of statements) [rows] = await client.promise().query(sql);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  };
  return { connection, client, run };
}

function killAt(url: string): KillStatement {
  return async (id, timeoutMs) => {
    const killer = await mysql.server(parseAddress(url)).open('mysql', { timeoutMs });
    await killer.query(`KILL QUERY ${id}`);
    await killer.close();
  };
}

/** Two databases with a table of the same name, whose row names its database. What tests borrow is closed. */
export function useTwoDatabases(test: TestServer): { a: string; b: string } {
  const names = { a: '', b: '' };
  beforeAll(async () => {
    names.a = `${test.database}_a`;
    names.b = `${test.database}_b`;
    for (const name of [names.a, names.b]) await makeTenant(test, name);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const connection of opened.splice(0)) await connection.close();
  });
  afterAll(async () => {
    for (const name of [names.a, names.b]) await test.provisioning.dropDatabase(name);
  });
  return names;
}

export async function makeTenant(test: TestServer, name: string): Promise<void> {
  await test.provisioning.createDatabase(name);
  await test.admin(`CREATE TABLE \`${name}\`.who (name VARCHAR(100) NOT NULL PRIMARY KEY)`);
  await test.admin(`INSERT INTO \`${name}\`.who VALUES ('${name}')`);
}

export const WHO = 'SELECT name FROM who';
const IS_DIFFERENT = /^(?:pseudo_thread_id|rand_seed[12]|timestamp)$/;

/** Every variable of a session, but those that no two sessions share. */
export async function variables(connection: MysqlConnection): Promise<Map<unknown, unknown>> {
  const { rows } = await connection.query('SHOW SESSION VARIABLES');
  const entries = rows.map((row) => [row.Variable_name, row.Value] as const);
  return new Map(entries.filter(([name]) => !IS_DIFFERENT.test(String(name))));
}

/** Something between a client and its server that may change what is sent. */
export async function startRelay(
  url: string,
  change: (sent: Buffer) => void,
): Promise<{ url: string; close(): void }> {
  const { hostname, port, username } = new URL(url);
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    client.on('data', (sent) => {
      change(sent);
      server.write(sent);
    });
    server.pipe(client);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const address = listener.address() as AddressInfo;
  return { url: `mysql://${username}@127.0.0.1:${address.port}/`, close: () => listener.close() };
}

export function streamOf(client: Connection): NodeJS.WritableStream {
  return (client as unknown as { readonly stream: NodeJS.WritableStream }).stream;
}
