import { memoByText } from '../../engine/text-memo.js';
import { NAME, plainTokens } from './lexer.js';

const ORDER = ['none', 'keys', 'anything', 'lasting'] as const;

/**
 * What a statement may leave in its session: the last values of sequences (`keys`), `anything` that a reset
 * takes away, or what not even a reset does (`lasting`).
 */
export type Traces = (typeof ORDER)[number];

/** What is left by both. */
export function more(one: Traces, other: Traces): Traces {
  if (other === 'none') return one;
  return ORDER.indexOf(one) < ORDER.indexOf(other) ? other : one;
}

/** To look at a longer text costs as much as a reset. */
const LONGEST = 16_384;
const MODES =
  '(?: ,? ?(?:isolation level (?:serializable|repeatable read|read (?:un)?committed)|read (?:only|write)|(?:not )?deferrable))*';
const WORK = '(?: (?:work|transaction))?';
const POINT = String.raw`(?:\w+|${NAME})`;
/** Begin and end of a transaction, and what holds until its end: whether one is open the server tells itself. */
const TRANSACTION = new RegExp(
  `^(?:begin${WORK}${MODES}|start transaction${MODES}|set transaction${MODES}|(?:commit|end|rollback|abort)${WORK}` +
    `|savepoint ${POINT}|rollback${WORK} to(?: savepoint)? ${POINT}|release(?: savepoint)? ${POINT})$`,
);
const ROWS: ReadonlySet<string | undefined> = new Set(
  'select insert update delete merge with values table show'.split(' '),
);
/** A sequence gives a new row its key, as the default of a column. */
const KEYS: readonly string[] = ['insert', 'merge', 'default'];
/**
 * Kept in the memory of the backend, where no reset reaches: libraries and connections of its own. In whatever part of a
 * text that is not known to be harmless.
 */
const LASTING = /\bload\b|dblink/i;

/** What may stand before a parenthesis: words of the language, types, and functions that leave nothing. */
const HARMLESS: ReadonlySet<string> = new Set(
  `select from where and or not in exists any all some as on using join union except intersect values by
   over filter within partition distinct having when then else between like ilike similar limit offset fetch with
   recursive materialized lateral rows sets rollup cube row array set returning conflict do only update order group
   is isnull notnull return case operator key nothing window range at of for overlaps
   varchar char character bit varying numeric decimal dec float timestamp timestamptz time timetz interval text
   int integer bigint smallint real boolean bool uuid json jsonb date bytea
   count sum avg min max bool_and bool_or every bit_and bit_or array_agg string_agg json_agg jsonb_agg
   json_object_agg jsonb_object_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr percentile_cont
   percentile_disc mode row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value
   nth_value grouping
   coalesce nullif greatest least cast extract abs ceil ceiling floor round trunc mod power sqrt exp ln log sign
   random div width_bucket pi degrees radians sin cos tan asin acos atan atan2
   lower upper initcap length char_length character_length octet_length bit_length trim ltrim rtrim btrim substring
   substr left right replace translate concat concat_ws position strpos split_part overlay repeat reverse lpad rpad
   starts_with regexp_replace regexp_match regexp_matches regexp_split_to_array regexp_split_to_table string_to_array
   array_to_string format quote_ident quote_literal quote_nullable to_char to_date to_timestamp to_number to_json
   to_jsonb row_to_json encode decode convert_from convert_to md5 sha256 sha512 ascii chr to_hex
   now age date_trunc date_part date_bin clock_timestamp statement_timestamp transaction_timestamp timeofday
   make_date make_time make_timestamp make_timestamptz make_interval justify_days justify_hours justify_interval
   isfinite current_timestamp current_time localtimestamp localtime
   json_build_object json_build_array jsonb_build_object jsonb_build_array json_object jsonb_object
   jsonb_array_elements jsonb_array_elements_text json_array_elements json_array_elements_text jsonb_array_length
   json_array_length jsonb_each jsonb_each_text json_each json_each_text jsonb_object_keys json_object_keys
   jsonb_set jsonb_insert jsonb_extract_path jsonb_extract_path_text json_extract_path json_extract_path_text
   jsonb_typeof json_typeof jsonb_strip_nulls json_strip_nulls jsonb_pretty jsonb_path_query jsonb_path_exists
   jsonb_path_query_array jsonb_path_query_first jsonb_to_record jsonb_to_recordset json_to_record
   json_to_recordset jsonb_populate_record jsonb_populate_recordset
   array_length array_position array_positions array_append array_prepend array_cat array_remove array_replace
   array_upper array_lower array_ndims cardinality unnest generate_series generate_subscripts
   to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline
   setweight numnode strip
   gen_random_uuid lower_inc upper_inc isempty int4range int8range numrange tsrange tstzrange daterange
   host masklen network inet_client_addr pg_typeof
   current_database current_schema current_schemas current_setting version pg_backend_pid pg_sleep
   pg_is_in_recovery pg_encoding_to_char format_type obj_description col_description pg_get_expr pg_get_indexdef
   pg_get_constraintdef pg_get_serial_sequence pg_get_viewdef pg_table_is_visible has_table_privilege
   has_schema_privilege has_database_privilege to_regclass to_regtype`.split(/\s+/),
);
/** A name after one of these has a list of columns in parentheses. */
const NAMING: ReadonlySet<string | undefined> = new Set(['as', 'with', 'recursive']);

/**
 * What a statement may leave in its session, by its text; `anything` when in doubt. A statement that
 * was looked at before costs one look-up. It spares resets between two borrowers of one tenant; a session that
 * goes to another tenant is reset whatever was found here.
 *
 * Not in the text, and hence not seen: what triggers, views, rules, operators, column defaults and functions of
 * the database do that have the name of one of the system's own. Of that the server itself reports changes of
 * the settings that it tells its clients about; a lock or a setting of another kind stays in the session, for the
 * same tenant, until something else makes a reset necessary.
 *
 * An INSERT counts as `keys`, though few take one from a sequence: its answer does not say whether
 * `lastval()` and `currval()` tell of it.
 */
export const tracesOf: (sql: string) => Traces = memoByText((sql) => {
  const tokens = sql.length > LONGEST ? undefined : plainTokens(sql);
  const left = tokens === undefined ? 'anything' : leftBy(tokens);
  return left === 'anything' && LASTING.test(sql) ? 'lasting' : left;
});

function leftBy(tokens: readonly string[]): Traces {
  if (TRANSACTION.test(tokens.join(' '))) return 'none';
  const statement = tokens.slice(explaining(tokens));
  const begin = statement.find((token) => token !== '(');
  if (!ROWS.has(begin)) return 'anything';
  if (makesTable(statement) || !callsOnlyHarmless(statement)) return 'anything';
  return KEYS.some((word) => statement.includes(word)) ? 'keys' : 'none';
}

/** How many tokens say that the rest is to be explained. */
function explaining(tokens: readonly string[]): number {
  if (tokens[0] !== 'explain') return 0;
  if (tokens[1] === '(') return tokens.indexOf(')') + 1;
  const rest = tokens.findIndex((token, index) => index > 0 && token !== 'analyze' && token !== 'verbose');
  return rest === -1 ? 1 : rest;
}

/** `SELECT ... INTO`. */
function makesTable(tokens: readonly string[]): boolean {
  return tokens.some(
    (token, index) => token === 'into' && tokens[index - 1] !== 'insert' && tokens[index - 1] !== 'merge',
  );
}

function callsOnlyHarmless(tokens: readonly string[]): boolean {
  return tokens.every((token, index) => token !== '(' || isHarmlessBefore(tokens, index));
}

/** Whether what stands before a parenthesis is no call, or one that leaves nothing. */
function isHarmlessBefore(tokens: readonly string[], parenthesis: number): boolean {
  const at = parenthesis - 1;
  const name = tokens[at] ?? '';
  if (name !== NAME && !/^\w/.test(name)) return true;
  if (NAMING.has(tokens[at - 1]) || isWrittenTo(tokens, at)) return true;
  if (tokens[at - 1] !== '.') return HARMLESS.has(name);
  return tokens[at - 2] === 'pg_catalog' && tokens[at - 3] !== '.' && HARMLESS.has(name);
}

/** Whether a name is the last part of a table's, to which rows are written. */
function isWrittenTo(tokens: readonly string[], last: number): boolean {
  let first = last;
  while (tokens[first - 1] === '.') first -= 2;
  return tokens[first - 1] === 'into';
}
