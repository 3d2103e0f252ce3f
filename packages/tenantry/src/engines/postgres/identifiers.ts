import { InvalidInputError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';

/** PostgreSQL silently cuts a longer name off, and would then mean another object. */
const MAX_BYTES = 63;

/**
 * Refuses a name that the server would read as another one: it cuts long names off, NUL ends a name
 * in the start-up message, and lone surrogates are replaced on the way.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`)
 */
export function assertIdentifier(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > 0 && bytes <= MAX_BYTES && !name.includes('\0') && !/\p{Surrogate}/u.test(name)) return;
  throw new InvalidInputError(`${quoteForMessage(name)} cannot name anything on PostgreSQL.`, {
    hint: `A name has 1 to ${MAX_BYTES} bytes of UTF-8 and no NUL.`,
  });
}

/**
 * Quotes one identifier; a dot in it is part of the name.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`)
 */
export function quoteIdentifier(name: string): string {
  assertIdentifier(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text for use in a statement, whatever the server takes a backslash for. Refuses NUL. */
export function quoteLiteral(value: string): string {
  if (value.includes('\0')) {
    throw new InvalidInputError('PostgreSQL has no way to store NUL in text.', { hint: 'Remove it.' });
  }
  return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
