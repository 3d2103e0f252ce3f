import type { ServerAddress } from '../../engine/address.js';
import type { Engine, EngineServer, OpenOptions } from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { BusyWait } from './busy-wait.js';
import { SqliteConnection } from './connection.js';
import { createFile, databasePath, identifyFile, isSameFile, realFolder } from './database-file.js';
import { type Driver, findDriver } from './driver.js';
import type { DriverHandle } from './driver-handle.js';
import { classifyError, isBusy, SqliteEngineError } from './errors.js';
import type { SqliteOptions } from './options.js';

/**
 * What every handle begins with. The drivers differ in their defaults. FULL: a commit that was
 * acknowledged outlives a power failure.
 */
const SETUP =
  'PRAGMA busy_timeout = 0; PRAGMA foreign_keys = 1; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL';

/** A folder of database files. */
export class SqliteServer implements EngineServer {
  readonly engine: Engine;
  readonly address: ServerAddress;
  readonly #options: SqliteOptions;

  constructor(engine: Engine, address: ServerAddress, options: SqliteOptions) {
    this.engine = engine;
    this.address = address;
    this.#options = options;
  }

  async open(
    database: string,
    { timeoutMs, signal, create = false }: OpenOptions,
  ): Promise<SqliteConnection> {
    if (signal?.aborted) throw openingAborted();
    const driver = findDriver(this.#options.driver);
    const folder = realFolder(this.#options.folder);
    const path = databasePath(folder, database);
    if (create) createIfMissing(folder, database);
    const file = identifyFile(path);
    const handle = openHandle(driver, path);
    try {
      // The driver opened whatever was there by then.
      if (!isSameFile(path, file)) {
        throw new SqliteEngineError(
          'unreachable',
          `The file ${path} was replaced while it was being opened.`,
        );
      }
      await setUp(handle, timeoutMs, signal);
    } catch (error) {
      handle.close();
      throw error;
    }
    const { busyTimeoutMs } = this.#options;
    return new SqliteConnection({ database, folder, path, file, handle, busyTimeoutMs });
  }

  async provisioning(): Promise<Provisioning> {
    const { SqliteProvisioning } = await import('./provisioning.js');
    return new SqliteProvisioning(this.#options.folder, (name, options) => this.open(name, options));
  }
}

function openHandle(driver: Driver, path: string): DriverHandle {
  try {
    return driver.open(path);
  } catch (error) {
    if (classifyError(error) !== 'unreachable') throw error;
    throw new SqliteEngineError('unreachable', `The file ${path} cannot be opened as a database.`, {
      cause: error,
    });
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

function openingAborted(): SqliteEngineError {
  return new SqliteEngineError('cancelled', 'Opening the database was aborted.');
}
