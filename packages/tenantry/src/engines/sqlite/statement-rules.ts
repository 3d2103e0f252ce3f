import { assertParameterCount, type ParameterLimit } from '../../engine/parameters.js';
import { InvalidInputError, InvalidParameterError } from '../../errors.js';
import { SqliteEngineError } from './errors.js';
import { reachingBeyond } from './functions.js';
import { refusedPragma } from './pragmas.js';
import { isWord, MOST_PARAMETERS, type ScannedStatement, scanStatements, type Token } from './sql-scanner.js';

/**
 * What may be run. SQLite has no users: whoever can run `ATTACH` reaches every tenant's file, and the
 * drivers have no way to forbid it that both share. So each statement is looked at before SQLite sees it.
 *
 * Three things hold together, so that none has to be trusted alone. A text is refused where not every build of
 * SQLite reads it alike ({@link scanStatements}). SQLite gets single statements only, each by `prepare`, which
 * takes no second one, and beginning, after blanks and comments, with the very word that was judged here:
 * `ATTACH` can stand nowhere else. And after whatever is not plain work on rows SQLite itself is asked what it left (`HandleState`).
 */

/** What is known of a statement that may run. */
export interface StatementRule {
  /** The statement as SQLite is to get it. */
  readonly text: string;
  /** What it does: its first word; after `WITH` what follows that. */
  readonly verb: string;
  /** Its parameters, in their order: the names of those that have one. */
  readonly parameters: readonly (string | undefined)[];
  /** Whether its rows are what it read, rather than what it wrote. */
  readonly reads: boolean;
  /** Whether it may insert a row with a generated key. */
  readonly inserts: boolean;
  /** Whether it is only work on rows, or on a transaction; after any other, SQLite is asked what it left. */
  readonly isPlain: boolean;
  /** Whether it is worth keeping prepared. */
  readonly cacheable: boolean;
  /** How it means to end a transaction, if it does. */
  readonly ending: Ending | undefined;
}

/** What is meant to end a transaction. RELEASE ends one that a savepoint began. */
type Ending = 'commit' | 'rollback' | 'release';

const ENDINGS: ReadonlyMap<string, Ending> = new Map([
  ['commit', 'commit'],
  ['end', 'commit'],
  ['rollback', 'rollback'],
  ['release', 'release'],
]);

/** What SQLite is built with, in both drivers. */
const PARAMETER_LIMIT: ParameterLimit = { of: 'SQLite', most: MOST_PARAMETERS };

const READING: ReadonlySet<string> = new Set(['select', 'values', 'explain', 'pragma']);
const WRITING: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete']);
const ROWS: ReadonlySet<string> = new Set(['select', 'values', ...WRITING]);
const TRANSACTIONS: ReadonlySet<string> = new Set([
  ...['begin', 'commit', 'end', 'rollback', 'savepoint', 'release'],
]);
const OTHERS: ReadonlySet<string> = new Set(['create', 'alter', 'drop', 'reindex', 'analyze', 'vacuum']);

/** What may be created and dropped. */
const OBJECTS: ReadonlySet<string> = new Set([
  ...['table', 'index', 'unique', 'view', 'trigger', 'virtual', 'temp', 'temporary'],
]);

/**
 * Checks one statement for `query`.
 *
 * @throws SqliteEngineError of kind `access-denied` for a statement that reaches beyond its database
 * or would change the connection, of kind `syntax` for none, several, an unknown one, or a text that not every
 * SQLite reads alike; InvalidParameterError for placeholders other than `?`, and for too many.
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
 * Takes a text apart for a driver's own `exec`, and checks every statement before any of them runs.
 *
 * @throws what {@link checkDriverStatement} throws, but for their number.
 */
export function checkDriverScript(script: string): readonly StatementRule[] {
  const statements = scan(script);
  for (const statement of statements) assertAllowed(statement, false);
  return statements.map(ruleOf);
}

/**
 * Takes a script apart and checks every statement before any of them runs. It may set what a script is allowed to
 * set, because its connection is closed after it.
 *
 * @throws what {@link checkStatement} throws.
 */
export function checkScript(script: string): readonly StatementRule[] {
  const statements = scan(script);
  for (const statement of statements) {
    assertAllowed(statement, true);
    assertPlainPlaceholders(statement);
    if (statement.parameters.length > 0) {
      throw new InvalidParameterError('A statement of the script has "?", and a script has no parameters.', {
        hint: 'Write the value into the script.',
      });
    }
  }
  return statements.map(ruleOf);
}

/** Whether a text is one statement that only reads. False when in doubt. */
export function isRead(sql: string): boolean {
  try {
    const { verb, tokens } = theOnly(scan(sql));
    if (isWord(tokens[0], 'with') && tokens.some(({ value }) => WRITING.has(value))) return false;
    return verb === 'select' || verb === 'values' || verb === 'explain';
  } catch {
    return false;
  }
}

function theOnly([statement, ...others]: ScannedStatement[]): ScannedStatement {
  if (statement === undefined) throw new SqliteEngineError('syntax', 'The text holds no statement.');
  if (others.length === 0) return statement;
  throw new SqliteEngineError('syntax', 'The text holds several statements; run them one at a time.');
}

function ruleOf({ text, tokens, verb, parameters }: ScannedStatement): StatementRule {
  assertParameterCount(parameters.length, PARAMETER_LIMIT);
  return {
    text,
    verb,
    parameters,
    reads: READING.has(verb),
    inserts: verb === 'insert' || verb === 'replace',
    isPlain: ROWS.has(verb) || TRANSACTIONS.has(verb),
    cacheable: ROWS.has(verb),
    // Back to a savepoint is not the end.
    ending: tokens.some((token) => isWord(token, 'to')) ? undefined : ENDINGS.get(verb),
  };
}

function scan(sql: unknown): ScannedStatement[] {
  if (typeof sql !== 'string') {
    throw new InvalidInputError(
      `A statement must be a text, not ${sql === null ? 'null' : `of type ${typeof sql}`}.`,
      {
        hint: 'Pass the SQL as a string, and its values as parameters.',
      },
    );
  }
  // The drivers end a text at its first NUL, each in its own way.
  if (sql.includes('\0')) throw new SqliteEngineError('syntax', 'The text holds the character NUL.');
  return scanStatements(sql);
}

function assertAllowed({ verb, tokens }: ScannedStatement, inScript: boolean): void {
  const reason = refusalOf(verb, tokens, inScript);
  if (reason !== undefined)
    throw new SqliteEngineError('access-denied', `The statement was refused: ${reason}.`);
  if (READING.has(verb) || WRITING.has(verb) || TRANSACTIONS.has(verb)) return;
  if (verb === 'create' || verb === 'drop' ? isObject(tokens[1]) : OTHERS.has(verb)) return;
  const near = JSON.stringify(tokens[0]?.value.slice(0, 40) ?? '');
  throw new SqliteEngineError(
    'syntax',
    `near ${near}: syntax error: no statement that may run begins like this.`,
  );
}

function refusalOf(verb: string, tokens: readonly Token[], inScript: boolean): string | undefined {
  if (verb === 'attach' || verb === 'detach') return `${verb.toUpperCase()} would reach beyond this database`;
  const name = reachingBeyond(tokens);
  if (name !== undefined) return `${name} may reach beyond this database`;
  if (verb === 'vacuum' && tokens.length > 2) return 'VACUUM INTO would write a file beside this database';
  if (verb === 'pragma') return refusedPragma(tokens, inScript);
  if (verb === 'explain' && !isExplainable(tokens))
    return 'only a statement that reads or writes rows may be explained';
  return undefined;
}

/** SQLite sets some PRAGMAs while it prepares them, explained or not. */
function isExplainable(tokens: readonly Token[]): boolean {
  const word = isWord(tokens[1], 'query') ? tokens[3] : tokens[1];
  return word?.kind === 'word' && (word.value === 'with' || ROWS.has(word.value));
}

function isObject(token: Token | undefined): boolean {
  return token?.kind === 'word' && OBJECTS.has(token.value);
}

function assertPlainPlaceholders({ parameters }: ScannedStatement): void {
  const named = parameters.find((name) => name !== undefined);
  if (named === undefined) return;
  throw new InvalidParameterError(`The statement has the placeholder ${JSON.stringify(named)}.`, {
    hint: 'Write "?" for each parameter, in their order.',
  });
}
