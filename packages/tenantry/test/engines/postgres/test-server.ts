import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { sharedServer } from '../../../../../test/helpers/environment.js';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineServer } from '../../../src/engine/engine.js';
import type { Provisioning } from '../../../src/engine/provisioning.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { postgres } from '../../../src/engines/postgres/index.js';

/** The shared server, a database of the suite's own on it, and connections that are closed at its end. */
export interface TestServer {
  /** By unix socket. */
  readonly url: string;
  readonly tcpUrl: string;
  readonly server: EngineServer;
  readonly provisioning: Provisioning;
  readonly database: string;
  open(database?: string): Promise<PostgresConnection>;
  /** Runs one statement on an administrator's connection. */
  admin(sql: string): Promise<Record<string, unknown>[]>;
}

/** Gives a suite the shared server. Filled in before the tests run. */
export function useServer(): TestServer {
  const test: Partial<TestServer> = {};
  const cleanUp: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const { url, tcpUrl } = sharedServer('postgres');
    const server = postgres.server(parseAddress(url));
    const provisioning = await server.provisioning();
    const database = `Test_${randomBytes(6).toString('hex')}`;
    await provisioning.createDatabase(database);
    cleanUp.push(() => provisioning.dropDatabase(database));
    const open = async (name = database) => {
      const connection = (await server.open(name, { timeoutMs: 5000 })) as PostgresConnection;
      cleanUp.push(() => connection.close());
      return connection;
    };
    const administrator = await open('postgres');
    const admin = async (sql: string) => (await administrator.query(sql)).rows;
    Object.assign(test, { url, tcpUrl, server, provisioning, database, open, admin });
  });

  afterAll(async () => {
    for (const undo of cleanUp.reverse()) await undo();
  });

  return test as TestServer;
}

/** Runs something that must fail, and gives its error. */
export async function failure(attempt: Promise<unknown>): Promise<Error> {
  try {
    await attempt;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was expected to fail, and did not.');
}

/** Asks again and again until the answer is yes. The test's own timeout is the deadline. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Ends a backend, and waits until it is gone, while this process is blocked and can read nothing. */
export function terminateUnseen(url: string, pid: number): void {
  const { host, port, socketPath, user } = parseAddress(url);
  const options = { host: socketPath ?? host, port, user, database: 'postgres' };
  const program = `
    import pg from 'pg';
    const client = new pg.Client(${JSON.stringify(options)});
    await client.connect();
    await client.query('SELECT pg_terminate_backend(${pid}, 5000)');
    await client.end();`;
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd });
}
