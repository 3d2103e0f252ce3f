import type { Parameter } from '../../engine/connection.js';
import { InvalidParameterError } from '../../errors.js';
import { codeOf, spanAt } from './lexer.js';

/**
 * Puts parameters in the place of a statement's `?`. Strings and comments are left alone. Ours rather
 * than the driver's, because that ignores parameters that are too many, leaves placeholders that are
 * too many, and reads `??` as an identifier.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`); then nothing may be sent.
 */
export function bindParameters(
  sql: string,
  params: readonly Parameter[],
  quote: (value: Parameter) => string,
): string {
  if (params.length === 0 && !sql.includes('?')) return sql;
  let bound = '';
  let copied = 0;
  let placeholders = 0;
  for (let at = 0; at < sql.length; ) {
    const span = spanAt(sql, at);
    if (span !== undefined) {
      if (span.kind === 'executable' && params.length > 0) throw executableComment();
      at = span.end;
      continue;
    }
    if (sql[at] === '?') {
      if (sql[at + 1] === '?') throw identifierPlaceholder();
      const value = params[placeholders++];
      if (value !== undefined) {
        bound += sql.slice(copied, at) + quote(value);
        copied = at + 1;
      }
    }
    at++;
  }
  if (placeholders !== params.length) throw countMismatch(placeholders, params.length);
  return bound + sql.slice(copied);
}

const READING = /^[\s(]*(?:select|show|describe|desc|explain|with|values|table)\b/i;
const MORE_THAN_READING =
  /;|:=|\b(?:insert|update|delete|replace|call|into|for\s+(?:update|share)|lock|get_lock|release_lock|release_all_locks|nextval|setval|next\s+value|last_insert_id|sleep|benchmark|load_file)\b/i;

/**
 * Whether a statement only reads. A stored function that it calls is taken to read as well; what
 * such a function wrote was rolled back when the server killed its statement.
 */
export function isRead(sql: string): boolean {
  const code = codeOf(sql);
  return code !== undefined && READING.test(code) && !MORE_THAN_READING.test(code);
}

function executableComment(): InvalidParameterError {
  return new InvalidParameterError('A statement with parameters holds an executable comment, /*! ... */.', {
    // Which "?" count depends on whether this server runs the comment or skips it.
    hint: 'Remove the comment, or write its content as plain SQL.',
  });
}

function identifierPlaceholder(): InvalidParameterError {
  return new InvalidParameterError('The statement has "??", and only values can be parameters.', {
    hint: 'Write identifiers into the statement, each quoted with backticks.',
  });
}

function countMismatch(placeholders: number, params: number): InvalidParameterError {
  return new InvalidParameterError(
    `The statement has ${placeholders} placeholder(s) and ${params} parameter(s) were given.`,
    { hint: 'Give one parameter for each "?" outside strings and comments.' },
  );
}
