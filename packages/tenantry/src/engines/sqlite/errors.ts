import { NotSentError } from '../../engine/not-sent.js';
import type { ErrorKind } from '../../errors.js';

/** An error of this engine's own, where the driver was not asked or could not say. */
export class SqliteEngineError extends Error {
  /** What it means. */
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SqliteEngineError';
    this.kind = kind;
  }
}

/** Result codes, and the codes of file operations, in full or up to an underscore. */
const BY_CODE: ReadonlyMap<string, ErrorKind> = new Map<string, ErrorKind>([
  // The snapshot is too old to write: only the whole transaction can be tried again.
  ['SQLITE_BUSY_SNAPSHOT', 'deadlock'],
  ['SQLITE_BUSY', 'lock-timeout'],
  ['SQLITE_LOCKED', 'lock-timeout'],
  ['SQLITE_CONSTRAINT_UNIQUE', 'unique-violation'],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', 'unique-violation'],
  ['SQLITE_CONSTRAINT_ROWID', 'unique-violation'],
  ['SQLITE_CONSTRAINT', 'constraint-violation'],
  ['SQLITE_READONLY', 'read-only'],
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_INTERRUPT', 'cancelled'],
  ['SQLITE_PERM', 'access-denied'],
  ['SQLITE_AUTH', 'access-denied'],
  ['SQLITE_CANTOPEN', 'unreachable'],
  ['SQLITE_IOERR', 'unreachable'],
  ['EEXIST', 'database-exists'],
  ['ENOENT', 'unreachable'],
  ['ENOTDIR', 'unreachable'],
  ['EIO', 'unreachable'],
  ['ELOOP', 'unreachable'],
  ['EACCES', 'access-denied'],
  ['EPERM', 'access-denied'],
  ['EROFS', 'read-only'],
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EMFILE', 'too-many-connections'],
  ['ENFILE', 'too-many-connections'],
]);

const BY_MESSAGE: readonly (readonly [RegExp, ErrorKind])[] = [
  [/^no such table: /, 'missing-table'],
  [/syntax error$|^incomplete input$|^unrecognized token: /, 'syntax'],
];

/** What an error of SQLite's drivers, or of a file operation, means. Never throws; `other` when in doubt. */
export function classifyError(error: unknown): ErrorKind {
  if (error instanceof SqliteEngineError) return error.kind;
  if (error instanceof NotSentError) return 'connection-lost';
  if (!(error instanceof Error)) return 'other';
  const code = codeOf(error);
  if (code === 'SQLITE_ERROR')
    return BY_MESSAGE.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'other';
  return BY_CODE.get(code) ?? BY_CODE.get(primaryCode(code)) ?? 'other';
}

/** Whether another connection's lock is in the way, so that waiting may help. */
export function isBusy(error: unknown, inTransaction: boolean): boolean {
  const code = codeOf(error);
  if (primaryCode(code) !== 'SQLITE_BUSY') return false;
  return !(inTransaction && code === 'SQLITE_BUSY_SNAPSHOT');
}

/** The code that a driver or the operating system put on an error, or an empty text. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** `SQLITE_IOERR_WRITE` is a `SQLITE_IOERR`. */
function primaryCode(code: string): string {
  return code.split('_', 2).join('_');
}
