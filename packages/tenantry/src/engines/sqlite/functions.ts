import type { DriverHandle } from './driver-handle.js';
import { isSymbol, type Token } from './sql-scanner.js';

/**
 * What SQL may call. Builds of SQLite bring functions of their own, and some of them reach beyond the
 * database: libsql's `readfile`, `writefile` and `fsdir` any file, its `sha3_query` whatever a text says, `ATTACH`
 * included. So each driver is asked what it has when it is loaded, and what is not known to stay
 * inside is refused.
 */

const FUNCTIONS = words(`
  -> ->> abs acos acosh asin asinh atan atan2 atanh atn2 avg bm25 ceil ceiling changes char charindex coalesce concat
  concat_ws cos cosh cot coth count cume_dist current_date current_time current_timestamp date datetime degrees
  dense_rank difference exp first_value floor format fts5 fts5_get_locale fts5_insttoken fts5_locale fts5_source_id
  geopoly_area geopoly_bbox geopoly_blob geopoly_ccw geopoly_contains_point geopoly_debug geopoly_group_bbox
  geopoly_json geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform glob group_concat hex highlight
  if ifnull iif instr json json_array json_array_insert json_array_length json_error_position json_extract
  json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace
  json_set json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object
  jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set julianday lag last_insert_rowid
  last_rows_affected last_value lead leftstr length libsql_vector_idx like likelihood likely ln log log10 log2 lower
  lower_quartile lsmode ltrim match matchinfo max median min mod mode nth_value ntile nullif octet_length offsets
  optimize padc padl padr percent_rank percentile percentile_cont percentile_disc pi pow power printf proper quote
  radians random randomblob rank regexp regexpi replace replicate reverse rightstr round row_number rtreecheck
  rtreedepth rtreenode rtrim sha3 sign sin sinh snippet soundex sqlite_compileoption_get sqlite_compileoption_used
  sqlite_offset sqlite_source_id sqlite_version sqrt square stdev strfilter strftime string_agg substr substring subtype
  sum tan tanh time timediff total total_changes trim trunc typeof unhex unicode unistr unistr_quote unixepoch unlikely
  upper upper_quartile uuid uuid_blob uuid_str variance vector vector16 vector1bit vector32 vector64 vector8
  vector_distance_cos vector_distance_l2 vector_extract vectorb16 zeroblob`);

const MODULES = words(`
  bytecode carray dbstat fts3 fts3tokenize fts4 fts4aux fts5 fts5vocab generate_series geopoly json_each json_tree
  jsonb_each jsonb_tree rtree rtree_i32 sqlite_stmt tables_used vector_top_k`);

/** What no build may call, whether or not it was asked. Functions only where they are called, modules wherever they are named. */
const refusedFunctions = words(`edit fts3_tokenizer load_extension readfile sha3_query writefile`);
const refusedModules = words(`csv fsdir sqlite_dbpage zipfile`);

/** Asks a driver what it has, and refuses from now on what is not known. */
export function learnFunctions(handle: DriverHandle): void {
  for (const name of namesIn(handle, 'function_list')) if (!FUNCTIONS.has(name)) refusedFunctions.add(name);
  for (const name of namesIn(handle, 'module_list')) {
    // A PRAGMA as a table can only be read.
    if (!MODULES.has(name) && !name.startsWith('pragma_')) refusedModules.add(name);
  }
}

/** The first name in a statement that reaches beyond the database, or undefined. */
export function reachingBeyond(tokens: readonly Token[]): string | undefined {
  for (const [at, { kind, value }] of tokens.entries()) {
    if (kind === 'symbol' || kind === 'placeholder') continue;
    // In some places SQLite takes a string for a name.
    if (refusedModules.has(kind === 'string' ? value.toLowerCase() : value)) return value;
    if (kind !== 'string' && refusedFunctions.has(value) && isSymbol(tokens[at + 1], '(')) return value;
  }
  return undefined;
}

function namesIn(handle: DriverHandle, list: 'function_list' | 'module_list'): string[] {
  const rows = handle.prepare(`SELECT DISTINCT name FROM pragma_${list}`).all([]);
  return rows.map(({ name }) => String(name).toLowerCase());
}

function words(text: string): Set<string> {
  return new Set(text.trim().split(/\s+/));
}
