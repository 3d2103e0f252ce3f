import { InvalidOptionError } from '../../errors.js';
import { assertKnownKeys } from '../../input/known-keys.js';
import { assertTenantOption } from '../../input/tenant-option.js';
import type { UseLimits } from '../../session/clients.js';
import type { TenantRef } from '../../tenant/ref.js';

/** Whose a database is, and how long it waits. */
export interface SqliteDatabaseOptions {
  /**
   * Whose it is, by name, id or both. Left out it is ambient: each call goes to the tenant of the context at the call. To give
   * `undefined` is refused, because it is mostly a request that was not resolved to a tenant.
   */
  readonly tenant?: TenantRef;
  /**
   * Milliseconds until a transaction, or an iteration, that nobody ended is ended: rolled back, its handle
   * closed. 1 to 86400000. Default: the tenancy's `timeouts.transactionMs`.
   */
  readonly transactionMs?: number | undefined;
}

/** Whose a dialect is, and how long its statements wait. */
export interface SqliteWaitOptions extends Pick<SqliteDatabaseOptions, 'tenant'> {
  /** Milliseconds that a statement waits for another handle's lock, without stopping the event loop. 0 to 600000. Default 5000. */
  readonly busyTimeoutMs?: number | undefined;
}

export const DAY_MS = 86_400_000;
export const LONGEST_WAIT_MS = 600_000;

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, for an unknown option, or a time out of range. */
export function readOptions(options: SqliteDatabaseOptions): {
  readonly tenant: TenantRef | undefined;
  readonly limits: UseLimits | undefined;
} {
  assertKnownKeys('sqliteDatabase', options, ['tenant', 'transactionMs']);
  const { tenant, transactionMs } = options;
  assertTenantOption(options);
  if (transactionMs === undefined) return { tenant, limits: undefined };
  assertMilliseconds('transactionMs', transactionMs, [1, DAY_MS]);
  return { tenant, limits: Object.freeze({ transactionMs }) };
}

/**
 * `what` takes these options, and `others` of its own.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, for an unknown option, or a time out of range.
 */
export function readWaitOptions(
  what: string,
  options: SqliteWaitOptions,
  others: readonly string[] = [],
): {
  readonly tenant: TenantRef | undefined;
  readonly busyTimeoutMs: number;
} {
  assertKnownKeys(what, options, ['tenant', 'busyTimeoutMs', ...others]);
  const { tenant, busyTimeoutMs = 5000 } = options;
  assertTenantOption(options);
  assertMilliseconds('busyTimeoutMs', busyTimeoutMs, [0, LONGEST_WAIT_MS]);
  return { tenant, busyTimeoutMs };
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for a time out of range. */
export function assertMilliseconds(
  option: string,
  value: number,
  [least, most]: readonly [number, number],
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InvalidOptionError(
    `The option ${option} is ${typeof value === 'number' ? value : `a ${typeof value}`}.`,
    {
      hint: `It is a whole number of milliseconds from ${least} to ${most}.`,
    },
  );
}
