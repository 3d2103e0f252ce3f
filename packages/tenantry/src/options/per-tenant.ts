import { CredentialsError, InvalidOptionError } from '../errors.js';
import { quoteForMessage } from '../tenant/name.js';
import type { Route } from '../tenant/tenant.js';

/** What one tenant may have of its server, where that is not what any other may have. */
export interface TenantLimits {
  /**
   * Its part of the connection time against the others' where all want more: one of weight 2 has turns
   * twice as long. It costs the others only while they wait. 0.1 to 100. Default 1.
   */
  readonly weight?: number | undefined;
  /**
   * The most connections that it may use at once. 1 to 10000. Default: the server's
   * `maxConnectionsPerTenant`. Lower keeps its slow statements from the others; higher lets it use what they leave.
   */
  readonly maxConnections?: number | undefined;
  /**
   * Milliseconds for one of its statements, the wait for its connection included, where the call names
   * none. 1 to 86400000. Default: `timeouts.queryMs`. On
   * lent clients and drivers' pools it binds each statement, and a pool or a checkout may say more (`queryMs`).
   */
  readonly statementTimeoutMs?: number | undefined;
}

/**
 * Asked once for each route that is read from the catalog: after a start, a change of the tenant there,
 * and when `cache.ttlMs` is over; never for each statement. It must be quick and may not do I/O: a promise is refused. No
 * tenant is in context.
 */
export type LimitsOf = (route: Route) => TenantLimits | undefined;

/** As whom a tenant's connections are opened. */
export interface TenantCredentials {
  readonly user: string;
  /** It is kept out of every log and error. */
  readonly password?: string | undefined;
}

/**
 * Asked when a tenant's first connection is opened; the answer is kept for that tenant and epoch, in
 * memory only. It is asked once more when the server refuses it, and where it says the same again after a second, two, and so on. `undefined`: as the user in the
 * server's URL. `signal` fires when it has taken `timeouts.connectMs`, and nobody waits for it any more. No tenant is in context.
 */
export type CredentialsOf = (
  route: Route,
  options: { readonly signal: AbortSignal },
) => TenantCredentials | undefined | Promise<TenantCredentials | undefined>;

const NOTHING: TenantLimits = Object.freeze({});
const RANGES = {
  weight: [0.1, 100],
  maxConnections: [1, 10_000],
  statementTimeoutMs: [1, 86_400_000],
} as const satisfies Record<keyof TenantLimits, readonly [number, number]>;

/**
 * Asks for a tenant's limits, and checks them.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) naming the tenant; `cause` is what the function threw.
 */
export function askLimits(limitsOf: LimitsOf | undefined, route: Route): TenantLimits {
  if (limitsOf === undefined) return NOTHING;
  let limits: TenantLimits;
  try {
    limits = limitsOf(route) ?? NOTHING;
  } catch (cause) {
    throw invalidLimits(route, 'threw an error', { cause });
  }
  if (typeof limits !== 'object' || Array.isArray(limits)) throw invalidLimits(route, 'gave no object');
  if (limits instanceof Promise) limits.catch(() => {});
  if ('then' in limits) throw invalidLimits(route, 'gave a promise, and is not awaited');
  const given = Object.entries(limits) as [keyof TenantLimits, unknown][];
  for (const [key, value] of given) {
    const range = Object.hasOwn(RANGES, key) ? RANGES[key] : undefined;
    if (range === undefined) throw invalidLimits(route, `gave ${quoteForMessage(key)}, which is no limit`);
    if (value === undefined) continue;
    const isWhole = key === 'weight' || Number.isInteger(value);
    if (typeof value !== 'number' || !isWhole || !(value >= range[0] && value <= range[1])) {
      throw invalidLimits(route, `gave a ${key} that is not ${range[0]} to ${range[1]}`);
    }
  }
  // As it was checked: what is read again may be another.
  return Object.freeze(Object.fromEntries(given));
}

/**
 * Checks what was given as credentials.
 *
 * @throws CredentialsError (`TENANTRY_CREDENTIALS`); it never repeats a value.
 */
export function checkCredentials(given: unknown, route: Route): TenantCredentials | undefined {
  if (given === undefined) return undefined;
  const { user, password } = Object(given) as Record<keyof TenantCredentials, unknown>;
  const isText = (value: unknown) => typeof value === 'string' && value !== '' && !value.includes('\0');
  if (isText(user) && (password === undefined || isText(password))) return given as TenantCredentials;
  throw new CredentialsError(`The option credentials gave no user and password for ${route.name}.`, {
    tenant: route.name,
    hint: 'Return { user, password }: texts that are not empty; or undefined for the user in the URL.',
  });
}

function invalidLimits(route: Route, what: string, details: { readonly cause?: unknown } = {}) {
  return new InvalidOptionError(`The option limits ${what} for the tenant ${route.name}.`, {
    ...details,
    tenant: route.name,
    hint: 'Return { weight, maxConnections, statementTimeoutMs } at once, each of them or none; or undefined.',
  });
}
