import type { Engine } from '../engine/engine.js';
import { NotSentError } from '../engine/not-sent.js';
import {
  ConnectionLostError,
  DatabaseMissingError,
  type ErrorKind,
  QueryFailedError,
  TenancyError,
} from '../errors.js';
import type { Lease } from '../pool/lease.js';
import type { Limit } from './limit.js';

/**
 * Waits for work on a lease, within a limit. When the limit ends first, what the connection is
 * doing is cancelled at the server, the connection is destroyed, and the caller is told at once.
 */
export function runWithin<T>(limit: Limit, lease: Lease, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = limit.onEnd((error) => {
      lease.cancel(error);
      reject(error);
    });
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

/**
 * Whether what failed may be sent again: none of it was sent, or the server's answer to it was that
 * it killed the connection, and it is `harmless` even if part of it ran.
 */
export function maySendAgain(engine: Engine, error: unknown, harmless: boolean): boolean {
  if (error instanceof NotSentError) return true;
  return harmless && !(error instanceof TenancyError) && engine.classifyError(error) === 'killed';
}

/** What a failed statement means to the caller. */
export function statementError(engine: Engine, error: unknown, label: string): TenancyError {
  if (error instanceof TenancyError) return error;
  const isUnsent = error instanceof NotSentError;
  const kind = isUnsent ? 'connection-lost' : engine.classifyError(error);
  const reason = error instanceof Error ? error.message : String(error);
  const details = { cause: error, kind, tenant: label };
  if (isUnsent) {
    return new ConnectionLostError(
      `The connection for ${label} was lost before the statement was sent: ${reason}`,
      {
        ...details,
        hint: 'It has not run. Repeat it; of a transaction, all.',
      },
    );
  }
  if (kind === 'connection-lost' || kind === 'killed') {
    return new ConnectionLostError(
      `The connection for ${label} was lost while a statement was under way: ${reason}`,
      {
        ...details,
        hint: 'It may or may not have taken effect; look before you repeat a change.',
      },
    );
  }
  if (kind === 'unknown-database') {
    return new DatabaseMissingError(`The database of ${label} is not there: ${reason}`, {
      ...details,
      hint: 'It was dropped or moved behind the catalog; restore it, or delete the tenant.',
    });
  }
  return new QueryFailedError(`The database of ${label} refused a statement: ${reason}`, {
    ...details,
    hint: hints[kind] ?? 'The cause is the original error of the driver.',
  });
}

const hints: Partial<Record<ErrorKind, string>> = {
  'missing-table': 'The database has no such table; bring its schema up to date.',
  deadlock: 'The transaction was rolled back; run it again.',
  'lock-timeout': 'Another transaction holds the lock; keep transactions short, or try again.',
  'read-only': 'This server takes no writes now; it may be a replica.',
  'disk-full': 'The server has no space left.',
};
