import { classifyError, codeOf } from '../../../engines/sqlite/errors.js';

/** What went wrong, in Prisma's words; `kind` decides its code. */
export type PrismaCause = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** The error that Prisma turns into one of its own. It knows it by its name, and so needs no class of Prisma's. */
export class PrismaDriverError extends Error {
  override readonly cause: PrismaCause;

  constructor(cause: PrismaCause, message = cause.kind) {
    super(message);
    this.name = 'DriverAdapterError';
    this.cause = cause;
  }
}

/** An error of SQLite's driver in Prisma's words. Any other is given back as it is: Prisma throws it on. */
export function asPrismaError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  if (!code.startsWith('SQLITE_')) return error;
  const { message } = error;
  const original = { originalCode: code, originalMessage: message };
  return new PrismaDriverError({ ...original, ...causeOf(error, code, message) }, message);
}

function causeOf(error: Error, code: string, message: string): PrismaCause {
  switch (classifyError(error)) {
    case 'unique-violation':
      return { kind: 'UniqueConstraintViolation', ...constraintOf(message) };
    case 'deadlock':
      return { kind: 'TransactionWriteConflict' };
    case 'lock-timeout':
      return { kind: 'SocketTimeout' };
    case 'missing-table':
      return { kind: 'TableDoesNotExist', table: after(message, 'no such table: ') };
    default:
  }
  if (code === 'SQLITE_CONSTRAINT_NOTNULL')
    return { kind: 'NullConstraintViolation', ...constraintOf(message) };
  // A trigger is how SQLite had foreign keys before it had them.
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY' || code === 'SQLITE_CONSTRAINT_TRIGGER')
    return { kind: 'ForeignKeyConstraintViolation', constraint: { foreignKey: {} } };
  const column = after(message, 'no such column: ') ?? after(message, 'has no column named ');
  if (column !== undefined) return { kind: 'ColumnNotFound', column };
  return { kind: 'sqlite', extendedCode: rawCodeOf(error), message };
}

/** SQLite says which: `UNIQUE constraint failed: notes.author, notes.title`. */
function constraintOf(message: string): Readonly<Record<string, unknown>> {
  const columns = after(message, 'constraint failed: ')?.split(', ') ?? [];
  if (columns.length === 0) return {};
  const fields = columns.map((column) => column.slice(column.lastIndexOf('.') + 1));
  const [first = ''] = columns;
  return { constraint: { fields }, table: first.slice(0, Math.max(0, first.lastIndexOf('.'))) || undefined };
}

function after(message: string, text: string): string | undefined {
  const at = message.indexOf(text);
  return at === -1 ? undefined : message.slice(at + text.length);
}

/** libsql's error has SQLite's own number; else the one for errors of every kind. */
function rawCodeOf(error: Error & { readonly rawCode?: unknown }): number {
  return typeof error.rawCode === 'number' ? error.rawCode : 1;
}
