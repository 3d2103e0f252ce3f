import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineConnection } from '../../../src/engine/connection.js';
import type { EngineServer, OpenOptions } from '../../../src/engine/engine.js';
import { availableDrivers, type DriverName } from '../../../src/engines/sqlite/driver.js';
import type { DatabaseClass, DriverHandle } from '../../../src/engines/sqlite/driver-handle.js';
import { sqlite } from '../../../src/engines/sqlite/index.js';

/** Every driver that loads on this machine. */
export const drivers = availableDrivers();

const requirePackage: (name: string) => unknown = createRequire(import.meta.url);
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});

/** A new temporary folder by its real path, removed after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tenantry-sqlite-')));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server on a folder. */
export function serverOn(folder: string, driver: DriverName, parameters = ''): EngineServer {
  return sqlite.server(parseAddress(`sqlite:${encodeURI(folder)}?driver=${driver}${parameters}`));
}

/** An open connection, closed after the test. */
export async function connect(
  server: EngineServer,
  database: string,
  options: Partial<OpenOptions> = {},
): Promise<EngineConnection> {
  const connection = await server.open(database, { timeoutMs: 5000, ...options });
  cleanups.push(() => connection.close());
  return connection;
}

/** A server with one empty database `Alpha`, and a way to open connections to it. */
export async function oneDatabase(driver: DriverName, parameters = '') {
  const folder = temporaryFolder();
  const server = serverOn(folder, driver, parameters);
  const provisioning = await server.provisioning();
  await provisioning.createDatabase('Alpha');
  return { folder, server, provisioning, open: () => connect(server, 'Alpha') };
}

/** The driver itself, on a file, with none of our checks; closed after the test. */
export function rawHandle(driver: DriverName, file: string): DriverHandle {
  const Database = requirePackage(driver) as DatabaseClass;
  const handle = new Database(file, { timeout: 0, fileMustExist: false });
  cleanups.push(() => void handle.close());
  return handle;
}

/** The kind of the error that a promise rejects with. */
export async function kindOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => sqlite.classifyError(error),
  );
}
