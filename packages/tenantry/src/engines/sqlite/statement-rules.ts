import { InvalidParameterError } from '../../errors.js';
import { SqliteEngineError } from './errors.js';
import { refusedPragma } from './pragmas.js';
import { isWord, type ScannedStatement, scanStatements, type Token } from './sql-scanner.js';

/**
 * What may be run. SQLite has no users: whoever can run `ATTACH` reaches every tenant's file, and
 * the drivers have no way to forbid it that both share. So each statement is looked at before
 * SQLite sees it; `ATTACH` can stand nowhere but at a statement's beginning.
 */

/** What is known of a statement that may run. */
export interface StatementRule {
  /** How many values it takes. */
  readonly placeholders: number;
  /** Whether its rows are what it read, rather than what it wrote. */
  readonly reads: boolean;
  /** Whether it may insert a row with a generated key. */
  readonly inserts: boolean;
  /** Whether it may leave something in the connection that the next holder would see. */
  readonly leavesState: boolean;
  /** Whether it is worth keeping prepared. */
  readonly cacheable: boolean;
}

const READING: ReadonlySet<string> = new Set(['select', 'values', 'explain', 'pragma']);
const WRITING: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete']);
const ROWS: ReadonlySet<string> = new Set(['select', 'values', ...WRITING]);
const OTHERS: ReadonlySet<string> = new Set([
  ...['create', 'alter', 'drop', 'reindex', 'analyze', 'vacuum'],
  ...['begin', 'commit', 'end', 'rollback', 'savepoint', 'release'],
]);

/**
 * Checks one statement for `query`.
 *
 * @throws SqliteEngineError of kind `access-denied` for a statement that reaches beyond its database
 * or would change the connection, of kind `syntax` for none, several or an unknown one;
 * InvalidParameterError for placeholders other than `?`.
 */
export function checkStatement(sql: string): StatementRule {
  const statement = theOnly(scan(sql));
  assertAllowed(statement, false);
  assertPlainPlaceholders(statement);
  return ruleOf(statement);
}

/**
 * Checks one statement for a driver's own interface, which takes placeholders of every kind.
 *
 * @throws what {@link checkStatement} throws, but for placeholders.
 */
export function checkDriverStatement(sql: string): StatementRule {
  const statement = theOnly(scan(sql));
  assertAllowed(statement, false);
  return ruleOf(statement);
}

/**
 * Checks every statement of a text for a driver's own `exec`; whether one of them leaves something in the
 * connection.
 *
 * @throws what {@link checkDriverStatement} throws, but for their number.
 */
export function checkDriverScript(script: string): boolean {
  const statements = scan(script);
  for (const statement of statements) assertAllowed(statement, false);
  return statements.some((statement) => ruleOf(statement).leavesState);
}

/**
 * Takes a script apart and checks every statement before any of them runs.
 *
 * @throws what {@link checkStatement} throws.
 */
export function checkScript(script: string): readonly string[] {
  const statements = scan(script);
  for (const statement of statements) {
    assertAllowed(statement, true);
    assertPlainPlaceholders(statement);
    if (statement.placeholders > 0) {
      throw new InvalidParameterError('A statement of the script has "?", and a script has no parameters.', {
        hint: 'Write the value into the script.',
      });
    }
  }
  return statements.map(({ text }) => text);
}

/** Whether a text is one statement that only reads. False when in doubt. */
export function isRead(sql: string): boolean {
  const [statement, ...others] = scanStatements(sql);
  if (statement === undefined || others.length > 0) return false;
  const { verb, head, names } = statement;
  if (isWord(head[0], 'with') && [...WRITING].some((word) => names.has(word))) return false;
  return verb === 'select' || verb === 'values' || verb === 'explain';
}

function theOnly([statement, ...others]: ScannedStatement[]): ScannedStatement {
  if (statement === undefined) throw new SqliteEngineError('syntax', 'The text holds no statement.');
  if (others.length === 0) return statement;
  throw new SqliteEngineError('syntax', 'The text holds several statements; run them one at a time.');
}

function ruleOf({ verb, names, placeholders }: ScannedStatement): StatementRule {
  return {
    placeholders,
    reads: READING.has(verb),
    inserts: verb === 'insert' || verb === 'replace',
    leavesState: verb === 'create' && (names.has('temp') || names.has('temporary')),
    cacheable: ROWS.has(verb),
  };
}

function scan(sql: string): ScannedStatement[] {
  // The drivers end a text at its first NUL, each in its own way.
  if (sql.includes('\0')) throw new SqliteEngineError('syntax', 'The text holds the character NUL.');
  return scanStatements(sql);
}

function assertAllowed({ verb, head, names }: ScannedStatement, inScript: boolean): void {
  if (verb === 'attach' || verb === 'detach') {
    throw refused(`${verb.toUpperCase()} would reach beyond this database`);
  }
  if (verb === 'vacuum' && names.has('into'))
    throw refused('VACUUM INTO would write a file beside this database');
  if (verb === 'pragma') {
    const reason = refusedPragma(head, inScript);
    if (reason !== undefined) throw refused(reason);
    return;
  }
  if (verb === 'explain' && !isExplainable(head))
    throw refused('only a statement that reads or writes rows may be explained');
  if (READING.has(verb) || WRITING.has(verb) || OTHERS.has(verb)) return;
  const near = JSON.stringify(head[0]?.value.slice(0, 40) ?? '');
  throw new SqliteEngineError(
    'syntax',
    `near ${near}: syntax error: no statement that may run begins like this.`,
  );
}

/** SQLite sets some PRAGMAs while it prepares them, explained or not. */
function isExplainable(head: readonly Token[]): boolean {
  const word = isWord(head[1], 'query') ? head[3] : head[1];
  return word?.kind === 'word' && (word.value === 'with' || ROWS.has(word.value));
}

function assertPlainPlaceholders({ namedPlaceholder }: ScannedStatement): void {
  if (namedPlaceholder === undefined) return;
  throw new InvalidParameterError(`The statement has the placeholder ${JSON.stringify(namedPlaceholder)}.`, {
    hint: 'Write "?" for each parameter, in their order.',
  });
}

function refused(reason: string): SqliteEngineError {
  return new SqliteEngineError('access-denied', `The statement was refused: ${reason}.`);
}
