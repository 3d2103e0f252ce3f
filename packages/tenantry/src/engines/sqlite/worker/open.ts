import { performance } from 'node:perf_hooks';
import type { OpenOptions } from '../../../engine/engine.js';
import { InvalidOptionError } from '../../../errors.js';
import { findDriver } from '../driver.js';
import { SqliteEngineError } from '../errors.js';
import { openingAborted } from '../open.js';
import type { SqliteOptions, WorkerKind } from '../options.js';
import { WorkerConnection } from './connection.js';

/**
 * Opens a database file in a worker of its own.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for libsql in a thread, which ends the whole
 * process where the program ends while a thread is in the middle of a statement.
 */
export async function openInWorker(
  kind: WorkerKind,
  options: SqliteOptions,
  database: string,
  { timeoutMs, signal, create = false }: OpenOptions,
): Promise<WorkerConnection> {
  if (signal?.aborted) throw openingAborted();
  const driver = findDriver(options.driver).name;
  if (kind === 'thread' && driver === 'libsql') {
    throw new InvalidOptionError('The sqlite URL has worker=thread, and libsql crashes in threads.', {
      hint: 'Write worker=process, or install better-sqlite3.',
    });
  }
  const startedAt = performance.now();
  const leftMs = () => timeoutMs - (performance.now() - startedAt);
  const connection = new WorkerConnection(kind, database);
  const giveUp = () => connection.destroy();
  signal?.addEventListener('abort', giveUp, { once: true });
  const deadline = setTimeout(giveUp, timeoutMs);
  try {
    await connection.started();
    clearTimeout(deadline);
    if (leftMs() <= 0) throw notStarted(timeoutMs);
    await connection.open({ ...options, driver }, leftMs(), create);
    return connection;
  } catch (error) {
    await connection.close();
    throw signal?.aborted ? openingAborted() : error;
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', giveUp);
  }
}

function notStarted(timeoutMs: number): SqliteEngineError {
  return new SqliteEngineError('unreachable', `The worker did not start within ${Math.round(timeoutMs)} ms.`);
}
