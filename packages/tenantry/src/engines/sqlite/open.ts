import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { OpenOptions } from '../../engine/engine.js';
import { outOfResources } from '../../engine/lazy-package.js';
import { BusyWait } from './busy-wait.js';
import { SqliteConnection } from './connection.js';
import { createFile, databasePath, identifyFile, realFolder } from './database-file.js';
import { type Driver, findDriver } from './driver.js';
import type { DriverHandle } from './driver-handle.js';
import { classifyError, isBusy, SqliteEngineError } from './errors.js';
import { FileProof } from './file-proof.js';
import type { SqliteOptions } from './options.js';

/**
 * What every handle begins with. The drivers differ in their defaults. FULL: a commit that was
 * acknowledged outlives a power failure.
 */
const SETUP =
  'PRAGMA busy_timeout = 0; PRAGMA foreign_keys = 1; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL';

/** Opens a database file in this process. */
export async function openFile(
  options: SqliteOptions,
  database: string,
  { timeoutMs, signal, create = false }: OpenOptions,
): Promise<SqliteConnection> {
  if (signal?.aborted) throw openingAborted();
  const driver = findDriver(options.driver);
  await driver.settle?.();
  if (create) createIfMissing(realFolder(options.folder), database);
  const { handle, connection } = connect(driver, options, database);
  try {
    await setUp(handle, timeoutMs, signal);
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}

/** The same, without waiting: a file that is locked while it is opened cannot be had so. */
export function openFileNow(options: SqliteOptions, database: string): SqliteConnection {
  const { handle, connection } = connect(findDriver(options.driver), options, database);
  try {
    handle.exec(SETUP);
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}

/** A connection whose handle is yet to be set up. */
function connect(driver: Driver, options: SqliteOptions, database: string) {
  const folder = realFolder(options.folder);
  const path = databasePath(folder, database);
  const proof = new FileProof(path, identifyFile(path));
  const handle = openHandle(driver, path);
  // The driver opened whatever was there by then.
  if (!proof.look()) {
    handle.close();
    throw new SqliteEngineError('unreachable', `The file ${path} was replaced while it was being opened.`);
  }
  const { busyTimeoutMs } = options;
  return { handle, connection: new SqliteConnection({ database, folder, proof, handle, busyTimeoutMs }) };
}

/** What an attempt to open that was given up rejects with. */
export function openingAborted(): SqliteEngineError {
  return new SqliteEngineError('cancelled', 'Opening the database was aborted.');
}

function openHandle(driver: Driver, path: string): DriverHandle {
  try {
    return driver.open(path);
  } catch (error) {
    if (classifyError(error) !== 'unreachable') throw error;
    assertFilesLeft(path);
    throw new SqliteEngineError(
      'unreachable',
      `The file ${path} cannot be opened as a database: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}

/**
 * SQLite does not say why it could not open a file; one that everybody can open says whether there are any left. It must
 * not be this one: closing it would drop the locks that others of this process have on it.
 *
 * @throws OutOfResourcesError (`TENANTRY_OUT_OF_RESOURCES`)
 */
function assertFilesLeft(path: string): void {
  try {
    closeSync(openSync(devNull, 'r'));
  } catch (error) {
    throw outOfResources(error, `The file ${path} could not be opened`) ?? error;
  }
}

/** Another process may make it at the same time; then it is there. */
function createIfMissing(folder: string, database: string): void {
  try {
    identifyFile(databasePath(folder, database));
  } catch (error) {
    if (classifyError(error) !== 'unknown-database') throw error;
    createUnlessMade(folder, database);
  }
}

function createUnlessMade(folder: string, database: string): void {
  try {
    createFile(folder, database);
  } catch (error) {
    if (classifyError(error) !== 'database-exists') throw error;
    identifyFile(databasePath(folder, database));
  }
}

/** A file's first connection turns on write-ahead logging, for which others may have to finish. */
async function setUp(
  handle: DriverHandle,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const attempt = () => void handle.exec(SETUP);
  const isLocked = (error: unknown) => isBusy(error, false);
  try {
    attempt();
  } catch (error) {
    if (!isLocked(error)) throw error;
    const wait = new BusyWait();
    const abort = () => wait.end();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await wait.retry(error, { attempt, isBusy: isLocked, timeoutMs });
    } catch (reason) {
      throw signal?.aborted ? openingAborted() : reason;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}
