import { isSymbol, type Token } from './sql-scanner.js';

/** PRAGMAs that only tell, or act once and leave nothing in the connection, with or without an argument. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['table_info', 'table_xinfo', 'table_list', 'index_list', 'index_info', 'index_xinfo'],
  ...['foreign_key_list', 'foreign_key_check', 'integrity_check', 'quick_check'],
  ...['wal_checkpoint', 'optimize', 'incremental_vacuum'],
  // Kept in the file, under the transaction's control: the application's own.
  ...['user_version', 'application_id'],
]);

/** PRAGMAs that may be read; set, they would change the connection for whoever has it next. */
const READABLE: ReadonlySet<string> = new Set([
  ...[
    'journal_mode',
    'synchronous',
    'foreign_keys',
    'defer_foreign_keys',
    'recursive_triggers',
    'query_only',
  ],
  ...[
    'busy_timeout',
    'cache_size',
    'page_size',
    'page_count',
    'max_page_count',
    'freelist_count',
    'auto_vacuum',
  ],
  ...['encoding', 'schema_version', 'data_version', 'database_list', 'collation_list', 'function_list'],
  ...['module_list', 'pragma_list', 'compile_options'],
]);

/** PRAGMAs that a script may set as well: its connection is closed after it. */
const FOR_SCRIPTS: ReadonlySet<string> = new Set([
  ...['foreign_keys', 'defer_foreign_keys', 'recursive_triggers', 'ignore_check_constraints'],
  ...['legacy_alter_table', 'case_sensitive_like', 'auto_vacuum', 'page_size', 'encoding'],
  ...['journal_mode', 'synchronous', 'cache_size', 'temp_store'],
]);

/** Why a PRAGMA is refused, or undefined. What is not known is refused. */
export function refusedPragma(tokens: readonly Token[], inScript: boolean): string | undefined {
  const nameAt = isSymbol(tokens[2], '.') ? 3 : 1;
  const name = tokens[nameAt]?.value ?? '';
  const isSet = tokens.length > nameAt + 1;
  if (HARMLESS.has(name)) return undefined;
  if (!isSet && READABLE.has(name)) return undefined;
  if (inScript && FOR_SCRIPTS.has(name)) return undefined;
  return `PRAGMA ${name} ${READABLE.has(name) ? 'may be read here, not set' : 'is not allowed here'}`;
}
