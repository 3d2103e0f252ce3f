/**
 * The one error catalog. Every error that tenantry throws is a {@link TenancyError} whose `code` is
 * a key of {@link errorCatalog}. Codes are stable and never reused; `docs/errors.md` is held
 * against this file by a test.
 */

import { redact, redactValue } from './errors/redact.js';

/** What class of trouble an error is; the command line derives its exit code from it. */
export type ErrorCategory = 'usage' | 'not-found' | 'conflict' | 'refused' | 'unavailable' | 'internal';

interface ErrorDefinition {
  /** The HTTP status that says the same. */
  readonly status: number;
  readonly category: ErrorCategory;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** A short title that does not vary with the occurrence (RFC 9457 `title`). */
  readonly title: string;
}

/** Every error code with its HTTP status, category and title. */
export const errorCatalog = {
  TENANTRY_NO_TENANT: define(500, 'usage', 'No tenant in context'),
  TENANTRY_TENANT_SWITCH: define(500, 'usage', 'Another tenant is already in context'),
  TENANTRY_INVALID_OPTION: define(500, 'usage', 'Invalid option'),
  TENANTRY_INVALID_PARAMETER: define(500, 'usage', 'Invalid statement parameter'),
  TENANTRY_DRIVER_MISSING: define(500, 'usage', 'Database driver not installed'),
  TENANTRY_CLOSED: define(503, 'usage', 'Tenancy is closed'),
  TENANTRY_NOT_SUPPORTED: define(500, 'usage', 'Not supported here'),
  TENANTRY_LEASE_ENDED: define(500, 'usage', 'Used after its end'),
  TENANTRY_INVALID_NAME: define(400, 'refused', 'Invalid tenant name'),
  TENANTRY_INVALID_INPUT: define(400, 'refused', 'Invalid input'),
  TENANTRY_UNKNOWN_TENANT: define(404, 'not-found', 'Unknown tenant'),
  TENANTRY_TENANT_SUSPENDED: define(403, 'refused', 'Tenant is suspended'),
  TENANTRY_TENANT_NOT_READY: define(503, 'unavailable', 'Tenant is not ready', true),
  TENANTRY_TENANT_EXISTS: define(409, 'conflict', 'Tenant already exists'),
  TENANTRY_TENANT_BUSY: define(409, 'conflict', 'Tenant is being changed', true),
  TENANTRY_TENANT_STATUS: define(409, 'conflict', 'Not allowed in this status'),
  TENANTRY_DATABASE_EXISTS: define(409, 'conflict', 'Database already exists'),
  TENANTRY_SESSION_ENDED: define(503, 'unavailable', 'Session has ended'),
  TENANTRY_CATALOG_UNAVAILABLE: define(503, 'unavailable', 'Catalog is out of reach', true),
  TENANTRY_CATALOG_REFUSED: define(503, 'refused', 'Catalog refused the user'),
  TENANTRY_CATALOG_MISSING: define(503, 'unavailable', 'Catalog is not set up'),
  TENANTRY_CATALOG_VERSION: define(503, 'unavailable', 'Catalog has another version'),
  TENANTRY_ROUTE_UNKNOWN: define(503, 'unavailable', 'Tenant is not in memory yet', true),
  TENANTRY_UNKNOWN_SERVER: define(503, 'unavailable', 'Unknown database server'),
  TENANTRY_SERVER_UNAVAILABLE: define(503, 'unavailable', 'Database server is out of reach', true),
  TENANTRY_SERVER_REFUSED: define(503, 'unavailable', 'Database server refused the connection'),
  TENANTRY_OUT_OF_RESOURCES: define(503, 'unavailable', 'Process is out of files or memory', true),
  TENANTRY_CREDENTIALS: define(503, 'unavailable', 'No credentials for the tenant', true),
  TENANTRY_DATABASE_MISSING: define(503, 'unavailable', 'Tenant database is missing'),
  TENANTRY_IDENTITY_MISMATCH: define(503, 'unavailable', 'Tenant database failed its identity check'),
  TENANTRY_UNSAFE_ISOLATION: define(503, 'unavailable', 'Tenants could not be kept apart'),
  TENANTRY_POOL_TIMEOUT: define(503, 'unavailable', 'No connection became free in time', true),
  TENANTRY_POOL_FULL: define(503, 'unavailable', 'Too many callers wait for a connection', true),
  TENANTRY_CONNECTION_LOST: define(503, 'unavailable', 'Connection lost, outcome unknown'),
  TENANTRY_OUTCOME_UNKNOWN: define(503, 'unavailable', 'Transaction outcome unknown'),
  TENANTRY_TRANSACTION_ENDED: define(500, 'internal', 'Transaction ended before its function did'),
  TENANTRY_TIMEOUT: define(503, 'unavailable', 'Statement ran out of time'),
  TENANTRY_ABORTED: define(499, 'unavailable', 'Aborted by the caller'),
  TENANTRY_QUERY_FAILED: define(500, 'internal', 'Statement failed'),
  TENANTRY_PROVISION_FAILED: define(500, 'internal', 'Provisioning failed'),
  TENANTRY_INTERNAL: define(500, 'internal', 'Internal error'),
} as const satisfies Record<string, ErrorDefinition>;

/** A stable error code, for example `TENANTRY_UNKNOWN_TENANT`. */
export type ErrorCode = keyof typeof errorCatalog;

/**
 * What a database error means, whatever the system that raised it. Each engine maps its own error
 * numbers to one of these.
 */
export type ErrorKind =
  | 'unreachable'
  | 'access-denied'
  | 'too-many-connections'
  | 'unknown-database'
  | 'database-exists'
  | 'connection-lost'
  | 'killed'
  | 'cancelled'
  | 'lock-timeout'
  | 'deadlock'
  | 'transaction-failed'
  | 'read-only'
  | 'disk-full'
  | 'unique-violation'
  | 'constraint-violation'
  | 'missing-table'
  | 'syntax'
  | 'other';

/** What an error carries beside its message. */
export interface ErrorDetails {
  /** What to do about it; one sentence in the imperative. */
  readonly hint?: string;
  /** The original error, usually the driver's own. */
  readonly cause?: unknown;
  /** The neutral kind of the database error behind it. */
  readonly kind?: ErrorKind;
  /** The tenant that it concerns. */
  readonly tenant?: string;
}

/**
 * The base of every error that tenantry throws.
 *
 * @example
 * ```ts
 * try {
 *   await tenancy.session('acme').query('SELECT 1')
 * } catch (error) {
 *   if (error instanceof TenancyError && error.retryable) return retryLater()
 *   throw error
 * }
 * ```
 */
export class TenancyError extends Error {
  /** The stable code, a key of {@link errorCatalog}. */
  readonly code: ErrorCode;
  /** What to do about it, or an empty string. */
  readonly hint: string;
  /** The neutral kind of the database error behind it, where there is one. */
  readonly kind: ErrorKind | undefined;
  /** The tenant that it concerns, where there is one. */
  readonly tenant: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(redact(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = redact(details.hint ?? '');
    this.kind = details.kind;
    this.tenant = details.tenant === undefined ? undefined : redactValue(details.tenant);
  }

  /** The HTTP status that says the same. */
  get status(): number {
    return errorCatalog[this.code].status;
  }

  /** What class of trouble it is. */
  get category(): ErrorCategory {
    return errorCatalog[this.code].category;
  }

  /** Whether the same call may succeed later without anybody changing anything; where access is denied somebody must. */
  get retryable(): boolean {
    return errorCatalog[this.code].retryable && this.kind !== 'access-denied';
  }
}

function errorClass<const Code extends ErrorCode>(code: Code) {
  return class extends TenancyError {
    static readonly code: Code = code;
    declare readonly code: Code;
    constructor(message: string, details?: ErrorDetails) {
      super(code, message, details);
    }
  };
}

/** No tenant was named and none is in the context of the running task. Nothing was sent anywhere. */
export class NoTenantError extends errorClass('TENANTRY_NO_TENANT') {}
/** `run` for another tenant inside a `run`, without `{ switch: true }`; or what was made for one tenant used for another. */
export class TenantSwitchError extends errorClass('TENANTRY_TENANT_SWITCH') {}
/** An option is missing, unknown or out of range. */
export class InvalidOptionError extends errorClass('TENANTRY_INVALID_OPTION') {}
/** A statement parameter is of a type that could change the statement's meaning. */
export class InvalidParameterError extends errorClass('TENANTRY_INVALID_PARAMETER') {}
/** The npm package of a database driver is not installed. */
export class DriverMissingError extends errorClass('TENANTRY_DRIVER_MISSING') {}
/** The tenancy, or a pool over it, was closed. */
export class ClosedError extends errorClass('TENANTRY_CLOSED') {}
/** A driver can do this, and what stands in its place here cannot, or must not. */
export class NotSupportedError extends errorClass('TENANTRY_NOT_SUPPORTED') {}
/** A transaction or a leased client was used after it had ended. */
export class LeaseEndedError extends errorClass('TENANTRY_LEASE_ENDED') {}
/** A name that no tenant can have. */
export class InvalidNameError extends errorClass('TENANTRY_INVALID_NAME') {}
/** Input that was refused; nothing was changed. */
export class InvalidInputError extends errorClass('TENANTRY_INVALID_INPUT') {}
/** No tenant has this name or id. */
export class UnknownTenantError extends errorClass('TENANTRY_UNKNOWN_TENANT') {}
/** The tenant exists and is suspended. */
export class TenantSuspendedError extends errorClass('TENANTRY_TENANT_SUSPENDED') {}
/** The tenant exists and is still being made. */
export class TenantNotReadyError extends errorClass('TENANTRY_TENANT_NOT_READY') {}
/** A tenant of this name, or of one that differs only in case, exists. */
export class TenantExistsError extends errorClass('TENANTRY_TENANT_EXISTS') {}
/** Another process is changing this tenant. */
export class TenantBusyError extends errorClass('TENANTRY_TENANT_BUSY') {}
/** The tenant's status does not allow the change. */
export class TenantStatusError extends errorClass('TENANTRY_TENANT_STATUS') {}
/** A database of the chosen name exists and is not ours to take. */
export class DatabaseExistsError extends errorClass('TENANTRY_DATABASE_EXISTS') {}
/** The tenant was suspended, moved or deleted since the session was bound to it. */
export class SessionEndedError extends errorClass('TENANTRY_SESSION_ENDED') {}
/** The catalog cannot be asked. It says nothing about whether the tenant exists. */
export class CatalogUnavailableError extends errorClass('TENANTRY_CATALOG_UNAVAILABLE') {}
/** The catalog answers and refuses its user. It says nothing about whether the tenant exists. */
export class CatalogRefusedError extends errorClass('TENANTRY_CATALOG_REFUSED') {}
/** The catalog's database or tables do not exist. */
export class CatalogMissingError extends errorClass('TENANTRY_CATALOG_MISSING') {}
/** The catalog's tables are older or newer than this version of tenantry. */
export class CatalogVersionError extends errorClass('TENANTRY_CATALOG_VERSION') {
  /** The version of its tables, and the one that this tenantry uses; undefined where it is a single row that is newer. */
  readonly versions: { readonly found: number; readonly used: number } | undefined;

  constructor(message: string, details: ErrorDetails & Partial<Pick<CatalogVersionError, 'versions'>> = {}) {
    super(message, details);
    this.versions = details.versions;
  }
}
/** A call that cannot wait needs what only the catalog knows: `await tenancy.session(name).ready()` comes first. */
export class RouteUnknownError extends errorClass('TENANTRY_ROUTE_UNKNOWN') {}
/** A placement names a database server that this process is not configured for. */
export class UnknownServerError extends errorClass('TENANTRY_UNKNOWN_SERVER') {}
/** A database server does not answer, or keeps a database locked that is to be opened. */
export class ServerUnavailableError extends errorClass('TENANTRY_SERVER_UNAVAILABLE') {}
/** A database server answers and refuses us: credentials, or too many connections. */
export class ServerRefusedError extends errorClass('TENANTRY_SERVER_REFUSED') {}
/** The operating system gave this process no more open files or memory. Nothing was done. */
export class OutOfResourcesError extends errorClass('TENANTRY_OUT_OF_RESOURCES') {}
/** The application's own `credentials` failed, did not answer, or gave none. Nothing was sent to the tenant's server. */
export class CredentialsError extends errorClass('TENANTRY_CREDENTIALS') {}
/** The server answers; the tenant's database is not there. */
export class DatabaseMissingError extends errorClass('TENANTRY_DATABASE_MISSING') {}
/** The database that answered is not the one that the catalog means. */
export class IdentityMismatchError extends errorClass('TENANTRY_IDENTITY_MISMATCH') {}
/** A database or a pooler is set up so that tenants which share it could meet: it is not used. */
export class UnsafeIsolationError extends errorClass('TENANTRY_UNSAFE_ISOLATION') {}
/** No connection became free before the deadline. */
export class PoolTimeoutError extends errorClass('TENANTRY_POOL_TIMEOUT') {}
/** The queue for connections is full. */
export class PoolFullError extends errorClass('TENANTRY_POOL_FULL') {}
/** The connection was lost while a statement was under way; it may or may not have run. */
export class ConnectionLostError extends errorClass('TENANTRY_CONNECTION_LOST') {}
/** COMMIT was sent and its reply never came; the transaction may or may not have been committed. */
export class TransactionOutcomeUnknownError extends errorClass('TENANTRY_OUTCOME_UNKNOWN') {}
/** The server ended a transaction before its function did: a deadlock, DDL that commits, COMMIT or ROLLBACK as a statement. */
export class TransactionEndedError extends errorClass('TENANTRY_TRANSACTION_ENDED') {}
/** A statement ran longer than its timeout and was cancelled; its connection was destroyed. */
export class StatementTimeoutError extends errorClass('TENANTRY_TIMEOUT') {}
/** The caller's `AbortSignal` fired. */
export class AbortedError extends errorClass('TENANTRY_ABORTED') {}
/** The database answered a statement with an error; `cause` is the driver's own, `kind` says what it means. */
export class QueryFailedError extends errorClass('TENANTRY_QUERY_FAILED') {}
/** A tenant's database could not be made; what had been made was removed again. */
export class ProvisionFailedError extends errorClass('TENANTRY_PROVISION_FAILED') {}
/** A promise inside tenantry was broken; please report it. */
export class InternalError extends errorClass('TENANTRY_INTERNAL') {}

function define(status: number, category: ErrorCategory, title: string, retryable = false): ErrorDefinition {
  return { status, category, title, retryable };
}
