import {
  AbortedError,
  CatalogMissingError,
  CatalogRefusedError,
  CatalogUnavailableError,
  type ErrorKind,
  QueryFailedError,
  TenancyError,
  TransactionOutcomeUnknownError,
} from '../errors.js';
import { type CatalogPlace, describePlace } from './catalog-place.js';

const SETUP_HINT = 'Make it with: tenantry setup';
const PASSWORD_HINT =
  "Check the user and the password in the catalog's URL, and that the user may use this database.";
const FOLDER_HINT = "Check who owns the folder in the catalog's URL, and what this process may do in it.";
const RIGHTS_HINT =
  'Grant it what it needs in the database: SELECT, INSERT, UPDATE and DELETE on the tables tenantry_*, and for tenantry setup CREATE and ALTER.';
const MAKE_HINT = 'Let it make databases (on PostgreSQL: ALTER ROLE ... CREATEDB), or make this one for it.';
const TOO_MANY_HINT =
  'Lower the number of processes or their connections, or raise the limit of the server or of its user.';

/** The kinds that say "out of reach", each with what to check. */
const UNAVAILABLE: Partial<Record<ErrorKind, string>> = {
  'too-many-connections': TOO_MANY_HINT,
  'connection-lost': 'Try again; if it stays, look into the log of the database server.',
  killed: 'Try again; somebody, or the server itself, ended the connection.',
  cancelled: 'Try again; if it stays, look for locks that are held long in the database.',
  'lock-timeout': 'Try again; if it stays, look for locks that are held long in the database.',
  deadlock: 'Try again; if it stays, look for foreign transactions that lock the tables tenantry_*.',
  'read-only': 'Point the catalog at a server that takes writes.',
  'disk-full': 'Free space on the database server.',
};

/** What a connection source or a pool may throw where the catalog is out of reach. */
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set([
  'TENANTRY_SERVER_UNAVAILABLE',
  'TENANTRY_SERVER_REFUSED',
  'TENANTRY_POOL_TIMEOUT',
  'TENANTRY_POOL_FULL',
  'TENANTRY_CONNECTION_LOST',
  'TENANTRY_TIMEOUT',
]);

/** What an error means, whoever raised it: a driver, or a pool that translated it already. */
export function kindOf(error: unknown, place: CatalogPlace): ErrorKind {
  if (error instanceof TenancyError) return error.kind ?? 'other';
  return place.server.engine.classifyError(error);
}

/** The error that a catalog's caller gets. */
export function catalogError(error: unknown, place: CatalogPlace): TenancyError {
  const kind = kindOf(error, place);
  if (error instanceof TenancyError) {
    if (error.code === 'TENANTRY_DATABASE_MISSING') return missing(place, error, 'unknown-database');
    if (kind === 'access-denied') return notLetIn(place, error);
    if (kind === 'unreachable') return unreachable(place, error);
    if (UNAVAILABLE_CODES.has(error.code)) {
      return unavailable(place, reasonOf(error), { cause: error, kind, hint: error.hint });
    }
    return error;
  }
  if (kind === 'unknown-database' || kind === 'missing-table') return missing(place, error, kind);
  if (kind === 'access-denied') return mayNot(place, error);
  if (kind === 'unreachable') return unreachable(place, error);
  const hint = UNAVAILABLE[kind];
  if (hint !== undefined) return unavailable(place, reasonOf(error), { cause: error, kind, hint });
  return new QueryFailedError(
    `A statement of the catalog failed in ${describePlace(place)}: ${reasonOf(error)}`,
    {
      cause: error,
      kind,
    },
  );
}

/** Nothing of it goes away by itself. */
function refused(place: CatalogPlace, cause: unknown, hint: string): CatalogRefusedError {
  const { user } = place.server.address;
  const whom = user === undefined ? 'its user' : `user ${user}`;
  return new CatalogRefusedError(
    `The catalog (${describePlace(place)}) refused ${whom}: ${reasonOf(cause)}`,
    {
      cause,
      kind: 'access-denied',
      hint,
    },
  );
}

/** No connection was to be had. */
function notLetIn(place: CatalogPlace, error: TenancyError): CatalogRefusedError {
  const hint = isFolder(place) ? FOLDER_HINT : PASSWORD_HINT;
  return refused(place, error.cause ?? error, hint);
}

/** A statement was refused. */
function mayNot(place: CatalogPlace, cause: unknown): CatalogRefusedError {
  return refused(place, cause, RIGHTS_HINT);
}

/** What is not there, or there and speaks another protocol, in which it never gives an answer. */
function unreachable(place: CatalogPlace, cause: unknown): CatalogUnavailableError {
  const { name } = place.server.engine;
  return unavailable(place, reasonOf(cause), {
    cause,
    kind: 'unreachable',
    hint: isFolder(place)
      ? FOLDER_HINT
      : `Check that it runs, that this machine reaches it, and that it is what its URL says: ${name}.`,
  });
}

/** The user may not make what is missing of the catalog. */
export function mayNotMake(place: CatalogPlace, cause: unknown): CatalogRefusedError {
  return refused(place, cause, MAKE_HINT);
}

/** The catalog was not heard of in time. A wait for a connection knows where its server refuses more of them. */
export function catalogTimeout(
  place: CatalogPlace,
  ms: number | undefined,
  cause: unknown,
): CatalogUnavailableError {
  const limit = ms === undefined ? 'in time' : `within ${ms} ms`;
  const kind = kindOf(cause, place);
  if (cause instanceof AbortedError && kind === 'too-many-connections') {
    const reason = `no connection ${limit}, because it takes no more connections: ${reasonOf(cause.cause)}`;
    return unavailable(place, reason, { cause: cause.cause, kind, hint: TOO_MANY_HINT });
  }
  return unavailable(place, `no answer ${limit}`, {
    cause,
    hint: 'Check that the database server runs, is not overloaded, and that nobody holds locks on the tables tenantry_*.',
  });
}

/** The catalog's database, its tables or its one row are not there. */
export function catalogMissing(place: CatalogPlace): CatalogMissingError {
  return missing(place, undefined, 'missing-table');
}

/** COMMIT was sent and nobody knows what became of it. */
export function outcomeUnknown(place: CatalogPlace, cause: unknown): TransactionOutcomeUnknownError {
  return new TransactionOutcomeUnknownError(
    `The connection to the catalog (${describePlace(place)}) was lost while a change was committed; it may or may not be there.`,
    { cause, hint: 'Look at the tenant, and repeat the change only if it is not there.' },
  );
}

function missing(place: CatalogPlace, cause: unknown, kind: ErrorKind): CatalogMissingError {
  return new CatalogMissingError(`There is no catalog in ${describePlace(place)}.`, {
    cause,
    kind,
    hint: SETUP_HINT,
  });
}

interface Reason {
  readonly hint: string;
  readonly cause?: unknown;
  readonly kind?: ErrorKind;
}

function unavailable(place: CatalogPlace, reason: string, details: Reason): CatalogUnavailableError {
  const what = details.kind === 'lock-timeout' ? 'is locked' : 'is out of reach';
  return new CatalogUnavailableError(`The catalog (${describePlace(place)}) ${what}: ${reason}`, details);
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}

/** Whether there is no server, but files. */
function isFolder({ server }: CatalogPlace): boolean {
  return server.address.folder !== undefined;
}
