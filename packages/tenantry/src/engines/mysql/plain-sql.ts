/** A piece of a plain text: blanks are left out, and told by `isSpaced`. */
export interface Token {
  /** `word`: a name, a keyword or a number; `quoted`: a string or a quoted name, with its quotes. */
  readonly kind: 'word' | 'quoted' | 'mark';
  /** In lower case where it is a word. */
  readonly text: string;
  /** Whether a blank stands before it. */
  readonly isSpaced: boolean;
}

/**
 * ASCII without control characters, so that the character set of the client does not matter. No backslash:
 * whether it escapes depends on `sql_mode`. What is quoted holds nothing that a driver takes for the place of a
 * value, quoted or not: `?`, `:name`.
 */
const TOKEN =
  /([ \t\r\n]+)|([A-Za-z0-9_]+)|('(?:[^'\\?:]|:(?!\w))*'|"(?:[^"\\?:]|:(?!\w))*"|`(?:[^`\\?:]|:(?!\w))*`)|(:=|:(?=[A-Za-z])|[()*,.;<>=!+\-/%&|^~?@])/y;
const PLAIN = /^[\t\n\r\x20-\x7e]*$/;
/** Comments, in whatever way a server opens or closes them. `#` is no token at all. */
const COMMENT: ReadonlySet<string> = new Set(['--', '/*', '*/']);

/**
 * The tokens of a text that no server can read otherwise, whatever its version, its `sql_mode` and its character
 * sets are; undefined for every other text. It knows no comment, no escape, no character beyond ASCII and nothing
 * that only some servers know, so it has no opinion on what those mean.
 */
export function plainTokens(sql: string): readonly Token[] | undefined {
  if (!PLAIN.test(sql)) return undefined;
  const tokens: Token[] = [];
  let isSpaced = false;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < sql.length; ) {
    const [, blank, word, quoted, mark] = TOKEN.exec(sql) ?? [];
    if (blank !== undefined) {
      isSpaced = true;
      continue;
    }
    const last = isSpaced ? '' : (tokens.at(-1)?.text ?? '');
    if (word !== undefined) tokens.push({ kind: 'word', text: word.toLowerCase(), isSpaced });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted, isSpaced });
    else if (mark !== undefined && !COMMENT.has(last + mark))
      tokens.push({ kind: 'mark', text: mark, isSpaced });
    else return undefined;
    isSpaced = false;
  }
  return tokens;
}
