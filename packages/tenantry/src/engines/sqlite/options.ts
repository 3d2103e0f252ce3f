import type { ServerAddress } from '../../engine/address.js';
import { assertKnownParameters } from '../../engine/parameters.js';
import { InvalidOptionError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';
import { assertDriverName, type DriverName } from './driver.js';

/** Where the handle of a connection may be, if not in this thread. */
const workerKinds = ['thread', 'process'] as const;

/** A thread or a process of its own for each connection. */
export type WorkerKind = (typeof workerKinds)[number];

/** What a SQLite URL says beside its folder. */
export interface SqliteOptions {
  /** The folder, absolute. */
  readonly folder: string;
  /** The driver to use, or undefined for the first that is there. */
  readonly driver: DriverName | undefined;
  /** Milliseconds that a statement waits for another connection's lock. */
  readonly busyTimeoutMs: number;
  /** Where statements run; undefined for this thread. */
  readonly worker: WorkerKind | undefined;
}

const MAX_BUSY_TIMEOUT_MS = 600_000;

/**
 * Reads an address. URL parameters:
 *
 * - `driver`: `better-sqlite3` or `libsql`. Default: `TENANTRY_SQLITE_DRIVER`, else the first of them
 *   that is installed and loads. One file must never be open through both in one process: each would
 *   break the other's locks.
 * - `busyTimeoutMs`: milliseconds that a statement waits for a lock before it fails with kind
 *   `lock-timeout`; 0 to 600000, default 5000. Longer rides out long writers, shorter fails sooner;
 *   neither holds up the event loop.
 * - `worker`: `thread` or `process`. Each connection gets one of its own, so that a slow statement does
 *   not hold up the event loop; each statement then costs a message there and back, each connection tens of
 *   milliseconds to open and tens of megabytes (docs/performance.md has the figures). A statement that runs
 *   in a process can be cancelled; one in a thread runs to its end, and so it does without a worker, which
 *   is the default. libsql runs in processes only.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for parameters and values that are not known.
 */
export function readOptions(address: ServerAddress): SqliteOptions {
  assertKnownParameters(address, ['driver', 'busyTimeoutMs', 'worker']);
  if (address.folder === undefined) {
    throw new InvalidOptionError('A SQLite server needs a folder.', { hint: 'Write sqlite:./folder.' });
  }
  const driver = address.parameters.get('driver');
  if (driver !== undefined) assertDriverName(driver, 'The sqlite URL has driver=');
  return {
    folder: address.folder,
    driver,
    busyTimeoutMs: readTimeout(address.parameters.get('busyTimeoutMs')),
    worker: readWorker(address.parameters.get('worker')),
  };
}

function readWorker(text: string | undefined): WorkerKind | undefined {
  const worker = workerKinds.find((kind) => kind === text);
  if (worker !== undefined || text === undefined) return worker;
  throw new InvalidOptionError(`The sqlite URL has worker=${quoteForMessage(text)}.`, {
    hint: `It is one of: ${workerKinds.join(', ')}.`,
  });
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return 5000;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_BUSY_TIMEOUT_MS) return value;
  throw new InvalidOptionError(`The sqlite URL has busyTimeoutMs=${quoteForMessage(text)}.`, {
    hint: `It is a whole number of milliseconds from 0 to ${MAX_BUSY_TIMEOUT_MS}.`,
  });
}
