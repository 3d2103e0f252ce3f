import { InvalidInputError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';

/** The server reads a name with this prefix as a file name: an alias of a database of another name. */
const FILE_NAME_PREFIX = '#mysql50#';

/**
 * Refuses a name that the server would read as another one: NUL ends a name in the handshake, lone
 * surrogates and characters beyond the Basic Multilingual Plane are replaced, a prefix makes aliases.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`)
 */
export function assertIdentifier(name: string): void {
  if (name !== '' && !/[\0\ud800-\udfff]/.test(name) && !name.toLowerCase().startsWith(FILE_NAME_PREFIX))
    return;
  throw new InvalidInputError(
    `${quoteForMessage(name)} cannot name a database or a table on MySQL or MariaDB.`,
    {
      hint: `A name is not empty, has no NUL and no character beyond U+FFFF, and does not begin with ${FILE_NAME_PREFIX}.`,
    },
  );
}

/**
 * Quotes one identifier; a dot in it is part of the name.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`)
 */
export function quoteIdentifier(name: string): string {
  assertIdentifier(name);
  return `\`${name.replaceAll('`', '``')}\``;
}
