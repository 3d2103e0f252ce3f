import { callsOnly, QUOTED, withoutNamedLists } from '../../engine/known-calls.js';
import { memoByText } from '../../engine/text-memo.js';

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
const LITERAL = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\r\n]*/g;
/**
 * Escapes and dollar quotes, block comments (they nest), unclosed quotes, a second statement; in code where
 * what was quoted is one quotation mark.
 */
const DOUBT = /[\\';]|\$(?!\d)|\/\*/;
const MODES = String.raw`(?:[\s,]+(?:isolation\s+level\s+(?:serializable|repeatable\s+read|read\s+(?:un)?committed)|read\s+(?:only|write)|(?:not\s+)?deferrable))*`;
const WORK = String.raw`(?:\s+(?:work|transaction))?`;
/** Begin and end of a transaction, and what holds until its end: whether one is open the server tells itself. */
const TRANSACTION = new RegExp(
  String.raw`^(?:begin${WORK}${MODES}|start\s+transaction${MODES}|set\s+transaction${MODES}|(?:commit|end|rollback|abort)${WORK}` +
    String.raw`|savepoint\s+[\w"]+|rollback${WORK}\s+to(?:\s+savepoint)?\s+[\w"]+|release(?:\s+savepoint)?\s+[\w"]+)$`,
  'i',
);
const EXPLAIN = /^explain\s+(?:\([\w\s,"]*\)\s*|(?:analyze|verbose)\s+)*/i;
const ROWS = /^[\s(]*(?:select|insert|update|delete|merge|with|values|table|show)\b/i;
/** A sequence gives a new row its key, as the default of a column. */
const KEYS = /\b(?:insert|merge|default)\b/i;
/** Kept in the memory of the backend, beyond what DISCARD knows of: a random seed, libraries, connections. */
const LASTING = /\bsetseed\b|\bdblink_\w+|^\s*load\b/i;

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
const CATALOG = /\bpg_catalog\s*\.\s*/gi;

/**
 * What a statement may leave in its session, by its text; `anything` when in doubt. A statement that
 * was looked at before costs one look-up.
 *
 * Not in the text, and hence not seen: what triggers, views, rules, operators and column defaults of the
 * database do (a function of its own that is called by name is doubt). Of that the server itself reports
 * changes of the settings that it tells its clients about; a lock or a setting of another kind stays in the
 * session, for the same tenant, until something else makes a reset necessary.
 *
 * An INSERT counts as `keys`, though few take one from a sequence: its answer does not say whether
 * `lastval()` and `currval()` tell of it.
 */
export const tracesOf: (sql: string) => Traces = memoByText((sql) => {
  if (LASTING.test(sql)) return 'lasting';
  // A backslash means one thing or another, by a setting of the server.
  if (sql.length > LONGEST || sql.includes('\\')) return 'anything';
  const code = sql
    .replace(LITERAL, (literal) => (literal.startsWith('-') ? ' ' : QUOTED))
    .replace(/;\s*$/, '')
    .trim();
  if (DOUBT.test(code)) return 'anything';
  if (TRANSACTION.test(code)) return 'none';
  const statement = code.replace(EXPLAIN, '');
  if (!ROWS.test(statement)) return 'anything';
  const body = withoutNamedLists(statement.replace(CATALOG, ''));
  if (/\binto\b/i.test(body) || !callsOnly(body, HARMLESS)) return 'anything';
  return KEYS.test(statement) ? 'keys' : 'none';
});
