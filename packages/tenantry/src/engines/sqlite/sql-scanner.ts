import { SqliteEngineError } from './errors.js';

/**
 * A reading of SQL that is just deep enough to tell statements apart and to see what kind each is.
 *
 * A lexer that disagrees with SQLite's would be a hole, and SQLite has builds that read the same text
 * differently (`$name(...)` is one token in some). So this one takes only what every build reads alike,
 * and refuses the text otherwise: it never guesses.
 */

/** A word, name or string without its quotes, a symbol, or a placeholder. Words and names are in lower case. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'symbol' | 'placeholder';
  readonly value: string;
}

/** One statement of a text. */
export interface ScannedStatement {
  /** The statement with the blanks and comments around it, and without its semicolon. */
  readonly text: string;
  /** Its tokens, comments left out. */
  readonly tokens: readonly Token[];
  /** What it does: its first word; after `WITH` the first verb outside parentheses. */
  readonly verb: string;
  /** Its parameters in SQLite's numbering: `?1`, `:name`, `@name` or `$name` as it is written; undefined for a `?`. */
  readonly parameters: readonly (string | undefined)[];
}

const DATA_VERBS: ReadonlySet<string> = new Set([
  'select',
  'values',
  'insert',
  'replace',
  'update',
  'delete',
]);

/** SQLite's own bound, where nobody raised it. */
export const MOST_PARAMETERS = 32_766;

/** A letter, digit or whatever else may be in a word. A byte order mark is a blank to SQLite at some places: nowhere here. */
const LETTER = '[\\w$\\u0080-\\ufefe\\uff00-\\uffff]';

// Whatever is begun must be ended: blanks and comments; words and numbers; strings; names; placeholders,
// with nothing behind them that some builds take into them; symbols.
const TOKEN = new RegExp(
  [
    '(?<blank>[ \\t\\n\\r]+|--[^\\n]*|/\\*[^]*?\\*/)',
    `(?<word>(?!\\$)${LETTER}+)`,
    "'(?<string>(?:[^']|'')*)'",
    '"(?<double>(?:[^"]|"")*)"|`(?<back>(?:[^`]|``)*)`|\\[(?<bracket>[^\\]]*)\\]',
    `(?<placeholder>\\?\\d*|[:@$]${LETTER}+)(?!${LETTER}|[(:])`,
    '(?<symbol>(?!--|/\\*)[-+*/%<>=|&~!(),;.])',
  ].join('|'),
  'y',
);

/**
 * Takes a text apart into its statements; empty ones are left out.
 *
 * @throws SqliteEngineError of kind `syntax` where it holds anything that not every build of SQLite reads alike.
 */
export function scanStatements(sql: string): ScannedStatement[] {
  const statements: ScannedStatement[] = [];
  // A file may begin with a byte order mark.
  TOKEN.lastIndex = sql.startsWith('\ufeff') ? 1 : 0;
  let begin = TOKEN.lastIndex;
  let current: StatementReader | undefined;
  const finish = (end: number) => {
    if (current !== undefined) statements.push(current.finish(sql.slice(begin, end)));
    current = undefined;
    begin = end + 1;
  };
  while (TOKEN.lastIndex < sql.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(sql);
    if (match === null) throw unreadable(sql, start);
    const token = tokenOf(match.groups ?? {});
    if (token === undefined) continue;
    if (isSymbol(token, ';') && !current?.goesOnAfterSemicolon()) {
      finish(start);
      continue;
    }
    current ??= new StatementReader();
    if (!current.add(token)) throw unreadable(sql, start);
  }
  finish(sql.length);
  return statements;
}

/** Whether a token is this keyword; a quoted name never is. */
export function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === 'word' && token.value === value;
}

/** Whether a token is this symbol. */
export function isSymbol(token: Token | undefined, value: string): boolean {
  return token?.kind === 'symbol' && token.value === value;
}

class StatementReader {
  readonly #tokens: Token[] = [];
  #depth = 0;
  #dataVerb = '';
  readonly #parameters: (string | undefined)[] = [];
  readonly #names = new Set<string>();

  /** Returns whether every SQLite takes it. */
  add(token: Token): boolean {
    this.#tokens.push(token);
    const { kind, value } = token;
    if (kind === 'placeholder') return this.#addParameter(value);
    if (kind === 'symbol') {
      if (value === '(') this.#depth++;
      if (value === ')') this.#depth--;
    } else if (kind === 'word' && this.#dataVerb === '' && this.#depth === 0 && DATA_VERBS.has(value))
      this.#dataVerb = value;
    return true;
  }

  /** As SQLite numbers them: a `?` and a new name are the next one, `?7` is the seventh, and those left out are there all the same. */
  #addParameter(written: string): boolean {
    const parameters = this.#parameters;
    const place = written.startsWith('?') && written !== '?' ? Number(written.slice(1)) : undefined;
    if (place !== undefined) {
      if (place < 1 || place > MOST_PARAMETERS) return false;
      while (parameters.length < place) parameters.push(undefined);
      parameters[place - 1] ??= written;
    } else if (written === '?') parameters.push(undefined);
    else if (!this.#names.has(written)) {
      this.#names.add(written);
      parameters.push(written);
    }
    return true;
  }

  /** A trigger's body has semicolons of its own; the one after `; END` is the trigger's. */
  goesOnAfterSemicolon(): boolean {
    return this.#isTrigger() && !(isWord(this.#tokens.at(-1), 'end') && isSymbol(this.#tokens.at(-2), ';'));
  }

  finish(text: string): ScannedStatement {
    const [first] = this.#tokens;
    const firstWord = first?.kind === 'word' ? first.value : '';
    return {
      text,
      tokens: this.#tokens,
      verb: firstWord === 'with' ? this.#dataVerb : firstWord,
      parameters: this.#parameters,
    };
  }

  #isTrigger(): boolean {
    const [create, second, third] = this.#tokens;
    if (!isWord(create, 'create')) return false;
    if (isWord(second, 'trigger')) return true;
    return (isWord(second, 'temp') || isWord(second, 'temporary')) && isWord(third, 'trigger');
  }
}

/** A token of what was matched, or undefined for blanks and comments. */
function tokenOf(groups: Readonly<Record<string, string | undefined>>): Token | undefined {
  const { word, string, double, back, bracket, placeholder, symbol } = groups;
  if (word !== undefined) return { kind: 'word', value: word.toLowerCase() };
  if (symbol !== undefined) return { kind: 'symbol', value: symbol };
  if (placeholder !== undefined) return { kind: 'placeholder', value: placeholder };
  if (string !== undefined) return { kind: 'string', value: string.replaceAll("''", "'") };
  const name = double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? bracket;
  return name === undefined ? undefined : { kind: 'quoted', value: name.toLowerCase() };
}

function unreadable(sql: string, at: number): SqliteEngineError {
  const near = JSON.stringify(sql.slice(at, at + 20));
  return new SqliteEngineError(
    'syntax',
    `near ${near}: syntax error: not every SQLite would read this alike, so the text was refused.`,
  );
}
