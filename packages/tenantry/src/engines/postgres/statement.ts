import type { BeginOptions, IsolationLevel } from '../../engine/connection.js';
import { InvalidParameterError } from '../../errors.js';

const ISOLATION_LEVELS: ReadonlyMap<IsolationLevel, string> = new Map([
  ['read committed', 'READ COMMITTED'],
  ['repeatable read', 'REPEATABLE READ'],
  ['serializable', 'SERIALIZABLE'],
]);

/**
 * The statement that begins a transaction.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`) for an isolation level that does not exist.
 */
export function beginStatement({ readOnly = false, isolationLevel }: BeginOptions = {}): string {
  const access = readOnly ? ' READ ONLY' : '';
  if (isolationLevel === undefined) return `BEGIN${access}`;
  const level = ISOLATION_LEVELS.get(isolationLevel);
  if (level !== undefined) return `BEGIN ISOLATION LEVEL ${level}${access}`;
  throw new InvalidParameterError(`There is no isolation level ${JSON.stringify(isolationLevel)}.`, {
    hint: `Use one of: ${[...ISOLATION_LEVELS.keys()].join(', ')}.`,
  });
}

const LITERAL = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\r\n]*/g;
/** Escapes, dollar quotes, block comments (they nest), unclosed quotes, a second statement. */
const DOUBT = /[\\'";]|\$(?!\d)|\/\*/;
const READING = /^[\s(]*(?:select|values|table|with|show)\b/i;
const WRITING = /\b(?:insert|update|delete|merge|into|for|lock)\b/i;
const CALL = /([\w.\u0080-\uffff]+)\s*\(/g;

/** What may stand before a parenthesis: words of the language, types, and functions that only compute. */
const HARMLESS: ReadonlySet<string> = new Set(
  `select from where and or not in exists any all some as on using join union except intersect values by
   over filter distinct having when then else between like ilike limit offset lateral materialized sets
   rollup cube row array varchar char character numeric decimal timestamp timestamptz time interval
   count sum avg min max bool_and bool_or array_agg string_agg json_agg jsonb_agg row_number rank dense_rank
   lag lead first_value last_value coalesce nullif greatest least cast extract abs ceil ceiling floor round
   mod lower upper length char_length trim ltrim rtrim btrim substring substr left right replace concat
   concat_ws position strpos split_part to_char to_date to_timestamp to_json to_jsonb date_trunc date_part
   age now json_build_object jsonb_build_object jsonb_array_elements jsonb_array_length array_length
   cardinality unnest generate_series`.split(/\s+/),
);

/**
 * Whether a statement only reads: it begins as a query, changes nothing, locks nothing, and calls no
 * function that is not known to only compute.
 */
export function isRead(sql: string): boolean {
  const code = sql
    .replace(LITERAL, (literal) => (literal.startsWith('"') ? ' quoted ' : ' '))
    .replace(/;\s*$/, '');
  if (DOUBT.test(code) || !READING.test(code) || WRITING.test(code)) return false;
  for (const [, name = ''] of code.matchAll(CALL)) {
    if (!HARMLESS.has(name.toLowerCase())) return false;
  }
  return true;
}
