import { NotSentError } from '../../engine/not-sent.js';
import { RebindFailedError } from '../../engine/rebind-failed.js';
import { type ErrorKind, TenancyError } from '../../errors.js';

/** What the driver puts on an answer of the server (`DatabaseError`) and on a system's error. */
interface DriverError extends Error {
  /** SQLSTATE, or the system's name such as ECONNREFUSED. */
  readonly code?: string;
  readonly severity?: string;
  readonly constraint?: string;
  /** The server's own function that refused. */
  readonly routine?: string;
  readonly syscall?: string;
}

/** No connection could be made, and the server did not say why. */
export class ConnectFailedError extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
    this.name = 'ConnectFailedError';
  }
}

/** The connection ended, and the server did not say why. What was under way may have run. */
export class ConnectionEndedError extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
    this.name = 'ConnectionEndedError';
  }
}

/** A transaction is not in the state that was asked for. A plain error, because its outcome is known. */
export class TransactionStateError extends Error {
  constructor(
    message: string,
    readonly kind: ErrorKind = 'other',
  ) {
    super(message);
    this.name = 'TransactionStateError';
  }
}

/** A statement was cancelled after its answer had been sent, or before it was read. */
export class StatementCancelledError extends Error {
  constructor() {
    super('The statement was cancelled.');
    this.name = 'StatementCancelledError';
  }
}

const BY_STATE: ReadonlyMap<string, ErrorKind> = new Map([
  ...kind('access-denied', '42501'),
  ...kind('too-many-connections', '53300'),
  ...kind('unknown-database', '3D000'),
  ...kind('database-exists', '42P04', '42P06'),
  // An administrator's command, a dropped database, idle too long: said instead of a result.
  ...kind('killed', '57P01', '57P04', '57P05', '25P03'),
  // Another process crashed and took this one along: nobody can say what became of the statement.
  ...kind('connection-lost', '57P02'),
  // Starting up or shutting down.
  ...kind('unreachable', '57P03'),
  ...kind('cancelled', '57014'),
  ...kind('lock-timeout', '55P03'),
  // 40001, a serialization failure, has the same cure as a deadlock: run the transaction again.
  ...kind('deadlock', '40P01', '40001'),
  ...kind('transaction-failed', '25P02'),
  ...kind('read-only', '25006'),
  ...kind('disk-full', '53100'),
  ...kind('unique-violation', '23505'),
  ...kind('missing-table', '42P01'),
  ...kind('syntax', '42601'),
]);

const BY_CLASS: ReadonlyMap<string, ErrorKind> = new Map([
  ...kind('access-denied', '28'),
  ...kind('constraint-violation', '23'),
]);

const BY_SYSTEM_CODE: ReadonlyMap<string, ErrorKind> = new Map([
  ...kind('unreachable', 'ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'),
  ...kind('unreachable', 'ENOTFOUND', 'EAI_AGAIN', 'EACCES', 'EADDRNOTAVAIL'),
  ...kind('connection-lost', 'ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT'),
]);

/** What an error of this engine means. Never throws; `other` when in doubt. */
export function classifyError(error: unknown): ErrorKind {
  if (error instanceof TenancyError) return error.kind ?? 'other';
  if (error instanceof RebindFailedError) return classifyError(error.cause);
  if (error instanceof NotSentError || error instanceof ConnectionEndedError) return 'connection-lost';
  if (error instanceof ConnectFailedError) return isRefusal(error.cause) ? 'access-denied' : 'unreachable';
  if (!(error instanceof Error)) return 'other';
  if (error instanceof TransactionStateError) return error.kind;
  if (error instanceof StatementCancelledError) return 'cancelled';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'cancelled';
  const { code, constraint } = error as DriverError;
  if (typeof code !== 'string') return 'other';
  if (!isServerAnswer(error)) return BY_SYSTEM_CODE.get(code) ?? 'other';
  // Two that make one name at the same moment meet in the system's own index.
  if (constraint === 'pg_database_datname_index' || constraint === 'pg_namespace_nspname_index') {
    return 'database-exists';
  }
  return BY_STATE.get(code) ?? BY_CLASS.get(code.slice(0, 2)) ?? 'other';
}

/** Whether the server itself said this, with a SQLSTATE. */
export function isServerAnswer(error: unknown): boolean {
  const { code, severity } = error as DriverError;
  return typeof severity === 'string' && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
}

/** Whether the server ends the connection with this answer. */
export function isFatal(error: unknown): boolean {
  return isServerAnswer(error) && /^(?:FATAL|PANIC)$/.test((error as DriverError).severity ?? '');
}

/** Whether the system refused to take what was written, so that it never left this process. */
export function isFailedWrite(error: unknown): boolean {
  const { code, syscall } = error as DriverError;
  return syscall === 'write' && (code === 'EPIPE' || code === 'ECONNRESET');
}

/** Whether the driver took no statement any more, because it had heard of the connection's end before. */
export function wasNotTaken(error: unknown): error is Error {
  return error instanceof Error && error.message.endsWith('is not queryable');
}

/** Where in the server its limits are that are not all sessions'; the messages are in the language of the server. */
const LIMITS: ReadonlyMap<unknown, 'user' | 'database'> = new Map([
  ['InitializeSessionUserId', 'user'],
  ['CheckMyDatabase', 'database'],
]);

/** Whose limit a refusal for too many connections was, where it was not the server's. */
export function limitOf(error: unknown): 'user' | 'database' | undefined {
  if (error instanceof ConnectFailedError) return limitOf(error.cause);
  return isServerAnswer(error) ? LIMITS.get((error as DriverError).routine) : undefined;
}

/** The SQLSTATE of a server's answer, or undefined. */
export function sqlState(error: unknown): string | undefined {
  return isServerAnswer(error) ? (error as DriverError).code : undefined;
}

/** What ended a connection: the server's last word as it is, anything else named. */
export function endOf(error: unknown): Error {
  return error instanceof Error && isServerAnswer(error) ? error : new ConnectionEndedError(error);
}

/** What a failed attempt to connect rejects with: the server's answer or ours as it is, anything else named. */
export function connectFailure(error: unknown): unknown {
  return isServerAnswer(error) || error instanceof TenancyError ? error : new ConnectFailedError(error);
}

/** The handshake failed on what the two sides know of the password. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && cause.message.startsWith('SASL:');
}

/** Several addresses of one host fail as one error without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}

function kind(name: ErrorKind, ...codes: string[]): [string, ErrorKind][] {
  return codes.map((code) => [code, name]);
}
