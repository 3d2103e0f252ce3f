import { NotSentError } from '../../engine/not-sent.js';
import { RebindFailedError } from '../../engine/rebind-failed.js';
import type { ErrorKind } from '../../errors.js';

/** What mysql2 puts on its errors. */
export interface DriverError extends Error {
  /** The server's number, or the operating system's (negative). */
  readonly errno?: number;
  readonly code?: string;
  readonly sqlState?: string;
  readonly syscall?: string;
  /** Whether the driver took it for the end of its connection. */
  readonly fatal?: boolean;
  /** The text that was sent. */
  sql?: string | undefined;
}

/** The server's error numbers; MariaDB's and MySQL's agree where both have one. */
const BY_NUMBER: ReadonlyMap<number, ErrorKind> = new Map([
  ...kind(
    'access-denied',
    1044,
    1045,
    1129,
    1130,
    1142,
    1143,
    1227,
    1251,
    1370,
    1698,
    1820,
    1862,
    3118,
    4151,
  ),
  ...kind('too-many-connections', 1040, 1203, 1226),
  ...kind('unknown-database', 1008, 1046, 1049),
  ...kind('database-exists', 1007),
  // What comes instead of a result when a session is ended: killed, shut down, timed out while idle.
  ...kind('killed', 1053, 1077, 1078, 1079, 1927, 3169, 4031),
  ...kind('connection-lost', 1152, 1158, 1159, 1160, 1161, 1184),
  ...kind('cancelled', 1317, 1969, 3024),
  ...kind('lock-timeout', 1205, 3572),
  ...kind('deadlock', 1213),
  ...kind('disk-full', 28, 1021, 1114),
  ...kind('unique-violation', 1062, 1169, 1586),
  ...kind('constraint-violation', 1048, 1216, 1217, 1364, 1451, 1452, 3819, 4025),
  ...kind('missing-table', 1051, 1146),
  ...kind('syntax', 1064, 1065, 1149),
]);

const BY_CODE: ReadonlyMap<string, ErrorKind> = new Map([
  ...kind('unreachable', 'ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'),
  ...kind(
    'unreachable',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EACCES',
    'EPERM',
    'ENOTSOCK',
    'EADDRNOTAVAIL',
    'ENETDOWN',
  ),
  ...kind('unreachable', 'HANDSHAKE_LOST', 'HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR'),
  ...kind('unreachable', 'HANDSHAKE_UNKNOWN_ERROR'),
  ...kind('access-denied', 'AUTH_SWITCH_PLUGIN_ERROR'),
  ...kind('cancelled', 'STATEMENT_CANCELLED'),
  ...kind('connection-lost', 'PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'),
  ...kind('connection-lost', 'PROTOCOL_ERROR', 'PROTOCOL_UNEXPECTED_PACKET', 'PROTOCOL_PACKETS_OUT_OF_ORDER'),
]);

/** Numbers under which the server reports a failed file operation, with the system's own error in the text. */
const FILE_TROUBLE: ReadonlySet<number> = new Set([3, 1004, 1005, 1006, 1026, 1030]);

/** What an error of mysql2 means. Never throws; `other` when in doubt. */
export function classifyError(error: unknown): ErrorKind {
  if (error instanceof NotSentError) return 'connection-lost';
  if (error instanceof RebindFailedError) return classifyError(error.cause);
  if (!(error instanceof Error)) return 'other';
  const { errno, code } = error as DriverError;
  if (typeof errno === 'number' && errno > 0) {
    if (FILE_TROUBLE.has(errno) && /\b(?:errcode|errno|error):? 28\b/i.test(error.message))
      return 'disk-full';
    if (isReadOnlyAnswer(errno, error.message)) return 'read-only';
    return BY_NUMBER.get(errno) ?? 'other';
  }
  const byCode = typeof code === 'string' ? BY_CODE.get(code) : undefined;
  // The driver ends a connection with an error that it calls fatal, and refuses what comes after it without a code.
  return byCode ?? ((error as DriverError).fatal === true ? 'connection-lost' : 'other');
}

/** What the server answers where it, or the transaction, takes no writes. */
const READ_ONLY: ReadonlySet<number> = new Set([1792, 1836]);
const BY_OPTION = 1290;

/** Whether the server answers by this that it does not write. Other options stop other things under the same number. */
export function isReadOnlyAnswer(number: number, message: string): boolean {
  return READ_ONLY.has(number) || (number === BY_OPTION && /read[-_ ]only/i.test(message));
}

/** Numbers for what one user may have. */
const LIMITS_OF_USERS: ReadonlySet<number | undefined> = new Set([1203, 1226]);

/** Whose limit a refusal for too many connections was, where it was not the server's. */
export function limitOf(error: unknown): 'user' | undefined {
  return LIMITS_OF_USERS.has(serverErrorNumber(error)) ? 'user' : undefined;
}

/** Whether the server answered with this error, so that the connection goes on. */
export function isServerReply(error: unknown): boolean {
  const { errno, sqlState } = error as DriverError;
  return typeof errno === 'number' && errno > 0 && typeof sqlState === 'string';
}

/** The number of the server's error, or undefined for any other. */
export function serverErrorNumber(error: unknown): number | undefined {
  return isServerReply(error) ? (error as DriverError).errno : undefined;
}

/** The error of a statement whose reply cannot come any more. */
export function connectionLost(message: string): DriverError {
  return Object.assign(new Error(message), { code: 'PROTOCOL_CONNECTION_LOST' });
}

/** The error of a statement that was cancelled, whatever the server made of it. */
export function statementCancelled(): DriverError {
  return Object.assign(new Error('The statement was cancelled.'), { code: 'STATEMENT_CANCELLED' });
}

/** Names what went wrong while a connection was being opened; the driver's words mean a lost statement. */
export function openingFailed(error: unknown): unknown {
  if (classifyError(error) !== 'connection-lost') return error;
  const message = 'The server closed the connection before it was ready for use.';
  return Object.assign(new Error(message, { cause: error }), { code: 'HANDSHAKE_LOST' });
}

/**
 * The error to hand on for a statement. A failed write means that the server never had the statement
 * whole, so that it cannot have run. The text is given without its values, which may be secret.
 */
export function statementFailed(error: DriverError, sql: string): Error {
  if (error.syscall === 'write' && classifyError(error) === 'connection-lost') {
    return new NotSentError('The server had closed the connection when the statement was to be sent.', {
      cause: error,
    });
  }
  if (error.sql !== undefined) error.sql = sql;
  return error;
}

function kind<Key>(name: ErrorKind, ...keys: Key[]): [Key, ErrorKind][] {
  return keys.map((key) => [key, name]);
}
