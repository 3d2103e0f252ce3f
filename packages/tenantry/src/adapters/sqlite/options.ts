import { InvalidOptionError } from '../../errors.js';

/** Whose a database is, and how long it waits. */
export interface SqliteDatabaseOptions {
  /**
   * Whose it is. Left out it is ambient: each call goes to the tenant of the context at the call. To give
   * `undefined` is refused, because it is mostly a request that was not resolved to a tenant.
   */
  readonly tenant?: string;
  /**
   * Milliseconds until a transaction, or an iteration, that nobody ended is ended: rolled back, its handle
   * closed. 1 to 86400000. Default 60000.
   */
  readonly transactionMs?: number | undefined;
}

/** Whose something is that waits for locks, and how long it waits. */
export interface SqliteWaitingOptions extends Pick<SqliteDatabaseOptions, 'tenant'> {
  /** Milliseconds that a statement waits for another handle's lock, without stopping the event loop. 0 to 600000. Default 5000. */
  readonly busyTimeoutMs?: number | undefined;
}

const DAY_MS = 86_400_000;
const MAX_BUSY_TIMEOUT_MS = 600_000;

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, or for a time out of range. */
export function readOptions(options: SqliteDatabaseOptions): {
  readonly tenant: string | undefined;
  readonly transactionMs: number;
} {
  const { transactionMs = 60_000 } = options;
  const tenant = readTenant(options);
  if (!Number.isInteger(transactionMs) || transactionMs < 1 || transactionMs > DAY_MS) {
    throw new InvalidOptionError(`The option transactionMs is ${String(transactionMs)}.`, {
      hint: `It is a whole number of milliseconds from 1 to ${DAY_MS}.`,
    });
  }
  return { tenant, transactionMs };
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, or for a time out of range. */
export function readWaitingOptions(options: SqliteWaitingOptions): {
  readonly tenant: string | undefined;
  readonly busyTimeoutMs: number;
} {
  const { busyTimeoutMs = 5000 } = options;
  const tenant = readTenant(options);
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > MAX_BUSY_TIMEOUT_MS) {
    throw new InvalidOptionError(`The option busyTimeoutMs is ${String(busyTimeoutMs)}.`, {
      hint: `It is a whole number of milliseconds from 0 to ${MAX_BUSY_TIMEOUT_MS}.`,
    });
  }
  return { tenant, busyTimeoutMs };
}

function readTenant(options: Pick<SqliteDatabaseOptions, 'tenant'>): string | undefined {
  const { tenant } = options;
  if ('tenant' in options && (typeof tenant !== 'string' || tenant === '')) {
    throw new InvalidOptionError('The option tenant is given, and is not a name.', {
      hint: 'Name a tenant, or leave the option out for the tenant in context.',
    });
  }
  return tenant;
}
