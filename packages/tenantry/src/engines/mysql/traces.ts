import { callsOnly, QUOTED, withoutNamedLists } from '../../engine/known-calls.js';
import { memoByText } from '../../engine/text-memo.js';
import { codeOf } from './lexer.js';

const ORDER = ['none', 'values', 'anything', 'lasting'] as const;

/**
 * What a statement may leave in its session. `values` are variables and numbers, which nobody else can
 * feel, so it is enough that they are gone when the next statement runs. `anything` may be a lock.
 * `lasting` is what not even a reset takes away.
 */
export type Traces = (typeof ORDER)[number];

/** What is left by both. */
export function more(one: Traces, other: Traces): Traces {
  if (other === 'none') return one;
  return ORDER.indexOf(one) < ORDER.indexOf(other) ? other : one;
}

/** To look at a longer text costs as much as a reset. */
const LONGEST = 16_384;

/** Begin and end of a transaction: whether one is open the server tells itself. */
const TRANSACTION =
  /^(?:begin(?:\s+work)?|start\s+transaction(?:\s+read\s+(?:only|write)|\s+with\s+consistent\s+snapshot)?|commit(?:\s+work)?|rollback(?:\s+work)?|(?:rollback\s+(?:work\s+)?to\s+)?savepoint\s+[\w"]+|rollback\s+(?:work\s+)?to\s+[\w"]+|release\s+savepoint\s+[\w"]+)$/i;
const ROWS = /^[\s(]*(?:select|insert|update|delete|replace|with|values|table|explain|describe|desc|show)\b/i;
const SETTING = /^(?:set\s+(?!statement\b)|use\b)/i;
/** Other INTOs, a second statement, ODBC escapes, sequences, and what only some servers run. */
const DOUBT = /[;{}\\]|\b(?:into|procedure|analyze|next\s+value|previous\s+value|nextval|lastval|setval)\b/i;
/** The key that is generated for a row is told with its number of rows, but not with rows. */
const VALUES = /@|:=|\breturning\b/i;
/** The server goes on to record the texts of statements. */
const RECORDING = /profiling/i;
/** Variables of the server and the number of the last key, which are only read. */
const READ_ONLY = /@@|\blast_insert_id\s*\(\s*\)/gi;

/** What may stand before a parenthesis: words of the language, types, and functions that leave nothing. */
const HARMLESS: ReadonlySet<string> = new Set(
  `select from where and or not xor in exists any all some as on using join union except intersect minus values value
   row rows by over partition distinct having when then else between like rlike regexp limit offset with
   recursive materialized lateral set update key index indexes duplicate div mod is return case ignore force use
   for case order group against match fields columns
   char character varchar nchar binary varbinary decimal numeric dec fixed float double real integer int bigint
   smallint mediumint tinyint bit date time datetime timestamp year text blob json signed unsigned
   count sum avg min max std stddev stddev_pop stddev_samp variance var_pop var_samp bit_and bit_or bit_xor
   group_concat json_arrayagg json_objectagg row_number rank dense_rank percent_rank cume_dist ntile lag lead
   first_value last_value nth_value median percentile_cont percentile_disc grouping any_value
   coalesce ifnull nullif if isnull greatest least interval nvl nvl2 cast convert collation charset coercibility
   abs ceil ceiling floor round truncate sign sqrt pow power exp ln log log2 log10 sin cos tan cot asin acos atan
   atan2 pi radians degrees crc32 conv bin oct hex unhex rand format
   lower lcase upper ucase length char_length character_length octet_length bit_length trim ltrim rtrim substring
   substr mid substring_index left right replace concat concat_ws repeat reverse space lpad rpad position locate
   instr insert strcmp field find_in_set elt make_set export_set ascii ord quote soundex to_base64 from_base64
   regexp_like regexp_replace regexp_substr regexp_instr weight_string natural_sort_key sformat
   now curdate curtime current_date current_time current_timestamp localtime localtimestamp sysdate utc_date
   utc_time utc_timestamp unix_timestamp from_unixtime date_add date_sub adddate subdate addtime subtime datediff
   timediff timestampdiff timestampadd date_format time_format str_to_date to_days from_days to_seconds
   sec_to_time time_to_sec makedate maketime period_add period_diff extract day dayname dayofmonth dayofweek
   dayofyear week weekday weekofyear yearweek month monthname quarter hour minute second microsecond last_day
   convert_tz add_months get_format
   md5 sha sha1 sha2 aes_encrypt aes_decrypt compress uncompress uncompressed_length random_bytes
   uuid uuid_short sys_guid uuid_to_bin bin_to_uuid is_uuid inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4
   is_ipv6
   json_array json_object json_extract json_value json_query json_unquote json_quote json_contains
   json_contains_path json_keys json_length json_depth json_type json_valid json_search json_set json_insert
   json_replace json_remove json_merge json_merge_patch json_merge_preserve json_array_append json_array_insert
   json_table json_overlaps json_pretty json_compact json_detailed json_exists json_normalize path nested
   st_geomfromtext st_astext st_x st_y st_distance st_distance_sphere st_contains st_within st_intersects point
   database schema user current_user session_user system_user current_role version connection_id is_free_lock
   is_used_lock row_count found_rows sleep benchmark name_const default`.split(/\s+/),
);

/**
 * What a statement may leave in its session, by its text; `anything` when in doubt. A statement that
 * was looked at before costs one look-up.
 *
 * Not in the text, and hence not seen: what triggers, views and column defaults do (a stored function that
 * is called by name is doubt). Of that the server's own reports show generated keys, warnings and the
 * variables that it tracks; a user variable that a trigger sets, or a lock that it takes, is seen by nobody
 * and ends when the connection moves to another tenant.
 *
 * Every statement leaves its number of rows, which is not taken away for its own sake: what `ROW_COUNT()`
 * and `FOUND_ROWS()` tell belongs to the statement before, hence into one lease with it.
 */
export const tracesOf: (sql: string) => Traces = memoByText(judgeTraces);

/** As {@link tracesOf}, for a text that will hardly come again: it is not remembered. */
export function judgeTraces(sql: string): Traces {
  const traces = judge(sql);
  return traces !== 'none' && RECORDING.test(sql) ? 'lasting' : traces;
}

function judge(sql: string): Traces {
  // A backslash means one thing or another, by a setting of the server.
  if (sql.length > LONGEST || sql.includes('\\')) return 'anything';
  const code = codeOf(sql, QUOTED)?.replace(/;\s*$/, '').replace(READ_ONLY, ' ').trim();
  if (code === undefined) return 'anything';
  if (TRANSACTION.test(code)) return 'none';
  const isSetting = SETTING.test(code);
  if (!isSetting && !ROWS.test(code)) return 'anything';
  const body = withoutNamedLists(code);
  if (DOUBT.test(body) || !callsOnly(body, HARMLESS)) return 'anything';
  return isSetting || VALUES.test(body) ? 'values' : 'none';
}
