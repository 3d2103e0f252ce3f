/**
 * A reading of SQL that is just deep enough to tell statements apart and to see what kind each is.
 * It must see at least what SQLite's own tokenizer sees: where the two could differ, this one errs
 * towards finding a keyword.
 */

/** A word or quoted name in lower case and without its quotes, a symbol, or a placeholder. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'symbol' | 'placeholder';
  readonly value: string;
}

/** One statement of a text. */
export interface ScannedStatement {
  /** The statement, without what surrounds it and without its semicolon. */
  readonly text: string;
  /** Its first tokens, comments left out. */
  readonly head: readonly Token[];
  /** Every word and quoted name in it, in lower case. */
  readonly names: ReadonlySet<string>;
  /** What it does: its first word; after `WITH` the first verb outside parentheses. */
  readonly verb: string;
  /** How many `?` it has. */
  readonly placeholders: number;
  /** Its first `?1`, `:name`, `@name` or `$name`, if any. */
  readonly namedPlaceholder: string | undefined;
}

/** Tokens that are kept in order; enough for every head that anybody looks at. */
const HEAD_LENGTH = 8;

const DATA_VERBS: ReadonlySet<string> = new Set([
  'select',
  'values',
  'insert',
  'replace',
  'update',
  'delete',
]);

// Blanks and comments; words; strings and quoted names (a doubled quote reads as two neighbours, which
// is all the same here); placeholders; anything else. A byte order mark and a vertical tab are blanks
// to SQLite in some places: here they are everywhere outside words and quotes.
const TOKEN =
  /[ \t\n\v\f\r\ufeff]+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\w\u0080-\uffff][\w$\u0080-\uffff]*|'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|\?\d*|[:@$#][\w$\u0080-\uffff]+|[\s\S]/g;

/** Takes a text apart into its statements; empty ones are left out. */
export function scanStatements(sql: string): ScannedStatement[] {
  const statements: ScannedStatement[] = [];
  let current: StatementReader | undefined;
  for (const match of sql.matchAll(TOKEN)) {
    const token = classify(match[0]);
    if (token === undefined) continue;
    if (isSymbol(token, ';') && !current?.goesOnAfterSemicolon()) {
      if (current !== undefined) statements.push(current.finish(sql));
      current = undefined;
      continue;
    }
    current ??= new StatementReader(match.index);
    current.add(token, match.index + match[0].length);
  }
  if (current !== undefined) statements.push(current.finish(sql));
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
  readonly #start: number;
  #end: number;
  readonly #head: Token[] = [];
  readonly #names = new Set<string>();
  #depth = 0;
  #dataVerb = '';
  #placeholders = 0;
  #namedPlaceholder: string | undefined;
  #last: Token | undefined;
  #lastButOne: Token | undefined;

  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  add(token: Token, end: number): void {
    this.#end = end;
    this.#lastButOne = this.#last;
    this.#last = token;
    if (this.#head.length < HEAD_LENGTH) this.#head.push(token);
    switch (token.kind) {
      case 'placeholder':
        if (token.value === '?') this.#placeholders++;
        else this.#namedPlaceholder ??= token.value;
        return;
      case 'symbol':
        if (token.value === '(') this.#depth++;
        if (token.value === ')') this.#depth--;
        return;
      case 'word':
        if (this.#dataVerb === '' && this.#depth === 0 && DATA_VERBS.has(token.value))
          this.#dataVerb = token.value;
        this.#names.add(token.value);
        return;
      case 'quoted':
        this.#names.add(token.value);
    }
  }

  /** A trigger's body has semicolons of its own; the one after `; END` is the trigger's. */
  goesOnAfterSemicolon(): boolean {
    return this.#isTrigger() && !(isWord(this.#last, 'end') && isSymbol(this.#lastButOne, ';'));
  }

  finish(sql: string): ScannedStatement {
    const first = this.#head[0];
    const firstWord = first?.kind === 'word' ? first.value : '';
    return {
      text: sql.slice(this.#start, this.#end),
      head: this.#head,
      names: this.#names,
      verb: firstWord === 'with' ? this.#dataVerb : firstWord,
      placeholders: this.#placeholders,
      namedPlaceholder: this.#namedPlaceholder,
    };
  }

  #isTrigger(): boolean {
    const [create, second, third] = this.#head;
    if (!isWord(create, 'create')) return false;
    if (isWord(second, 'trigger')) return true;
    return (isWord(second, 'temp') || isWord(second, 'temporary')) && isWord(third, 'trigger');
  }
}

/** A token of a piece of text, or undefined for blanks and comments. */
function classify(raw: string): Token | undefined {
  const first = raw.charCodeAt(0);
  if (first <= 0x20 || first === 0xfeff || raw.startsWith('--') || raw.startsWith('/*')) return undefined;
  switch (raw[0]) {
    case "'":
    case '"':
    case '`':
    case '[':
      return { kind: 'quoted', value: raw.slice(1, -1).toLowerCase() };
    case '?':
      return { kind: 'placeholder', value: raw };
    case ':':
    case '@':
    case '$':
    case '#':
      return { kind: raw.length > 1 ? 'placeholder' : 'symbol', value: raw };
    default:
      return isWordStart(first) ? { kind: 'word', value: raw.toLowerCase() } : { kind: 'symbol', value: raw };
  }
}

function isWordStart(code: number): boolean {
  return (
    code >= 0x80 ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f
  );
}
