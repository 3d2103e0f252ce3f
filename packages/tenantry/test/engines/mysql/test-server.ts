import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { sharedServer } from '../../../../../test/helpers/environment.js';
import { startOwnServer } from '../../../../../test/helpers/own-server.js';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineConnection } from '../../../src/engine/connection.js';
import type { EngineServer } from '../../../src/engine/engine.js';
import type { Provisioning } from '../../../src/engine/provisioning.js';
import { mysql } from '../../../src/engines/mysql/index.js';

/** A real server, a database of the suite's own on it, and connections that are closed at its end. */
export interface TestServer {
  readonly url: string;
  /** Over loopback TCP, for tests that put something in between. */
  readonly tcpUrl: string;
  readonly server: EngineServer;
  readonly provisioning: Provisioning;
  readonly database: string;
  open(database?: string): Promise<EngineConnection>;
  /** Runs one statement on an administrator's connection. */
  admin(sql: string): Promise<Record<string, unknown>[]>;
}

/** Gives a suite the shared server, or with settings one of its own. Filled in before the tests run. */
export function useServer(settings?: Readonly<Record<string, string | number>>): TestServer {
  const test: Partial<TestServer> = {};
  const cleanUp: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const own = settings === undefined ? undefined : await startOwnServer('mysql', { settings });
    if (own !== undefined) cleanUp.push(() => own.close());
    const { url, tcpUrl } = own ?? sharedServer('mysql');
    const server = mysql.server(parseAddress(url));
    const provisioning = await server.provisioning();
    const database = `Test_${randomBytes(6).toString('hex')}`;
    await provisioning.createDatabase(database);
    cleanUp.push(() => provisioning.dropDatabase(database));
    const open = async (name = database) => {
      const connection = await server.open(name, { timeoutMs: 5000 });
      cleanUp.push(() => connection.close());
      return connection;
    };
    const administrator = await open();
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
