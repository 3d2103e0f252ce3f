import type { Parameter } from '../../engine/connection.js';
import { InvalidParameterError } from '../../errors.js';
import { type Span, spanAt } from './lexer.js';
import { plainTokens } from './plain-sql.js';

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
      if (params.length > 0) assertSameForAll(sql, at, span);
      at = span.end;
      continue;
    }
    if (sql[at] === '[' && params.length > 0) throw ambiguous('a bracket outside of strings');
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

/** What a statement begins with that only reads. */
const READING: ReadonlySet<string> = new Set(['select', 'with', 'values', 'table']);
const MORE_THAN_READING: ReadonlySet<string> = new Set(
  `insert update delete replace call into lock share get_lock release_lock release_all_locks nextval setval next previous
   last_insert_id sleep benchmark load_file procedure ; := @`.split(/\s+/),
);

/**
 * Whether a statement only reads, so that it may be sent again. A stored function that it calls is taken to read as
 * well; what such a function wrote was rolled back when the server killed its statement. A text that some server
 * might read otherwise is none that only reads.
 */
export function isRead(sql: string): boolean {
  const tokens = plainTokens(sql.replace(/;\s*$/, ''));
  const first = tokens?.find(({ text }) => text !== '(');
  if (tokens === undefined || first === undefined || !READING.has(first.text)) return false;
  return !tokens.some(({ text }) => MORE_THAN_READING.has(text));
}

/** @throws InvalidParameterError for a stretch whose end, or whose sense, depends on the server or its sql_mode. */
function assertSameForAll(sql: string, at: number, { kind, end }: Span): void {
  if (kind === 'executable') throw executableComment();
  // With ANSI_QUOTES it is a name, in which a backslash is one.
  if (sql[at] === '"' && sql.slice(at, end).includes('\\'))
    throw ambiguous('a backslash between double quotes');
}

function ambiguous(what: string): InvalidParameterError {
  return new InvalidParameterError(
    `A statement with parameters has ${what}, which not every sql_mode reads alike.`,
    {
      hint: 'Pass the text as a parameter, or quote it with single quotes.',
    },
  );
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
