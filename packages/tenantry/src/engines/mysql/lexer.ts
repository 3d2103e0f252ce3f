/** A stretch of SQL that is not code, or that some servers run as code and others skip. */
type SpanKind = 'quoted' | 'comment' | 'executable';

/** Where such a stretch ends, and what it is. */
export interface Span {
  readonly kind: SpanKind;
  /** The offset after its last character; the text's length if it is not closed. */
  readonly end: number;
}

/**
 * The string, quoted identifier or comment that begins at an offset, if one does. A doubled quote
 * reads as two neighbours, which is all the same to whoever skips both.
 */
export function spanAt(sql: string, at: number): Span | undefined {
  switch (sql[at]) {
    case "'":
    case '"':
      return { kind: 'quoted', end: endOfString(sql, at) };
    case '`':
      return { kind: 'quoted', end: after(sql, '`', at + 1) };
    case '#':
      return { kind: 'comment', end: after(sql, '\n', at) };
    case '-':
      // "--" opens a comment only before white space and control characters: "1--1" is arithmetic.
      return sql[at + 1] === '-' && isBlank(sql, at + 2)
        ? { kind: 'comment', end: after(sql, '\n', at) }
        : undefined;
    case '/':
      return sql[at + 1] === '*' ? blockComment(sql, at) : undefined;
    default:
      return undefined;
  }
}

function blockComment(sql: string, at: number): Span {
  if (!/^\/\*M?!/.test(sql.slice(at, at + 4))) return { kind: 'comment', end: after(sql, '*/', at + 2) };
  let inner = at + 3;
  while (inner < sql.length && !sql.startsWith('*/', inner)) inner = spanAt(sql, inner)?.end ?? inner + 1;
  return { kind: 'executable', end: Math.min(inner + 2, sql.length) };
}

function endOfString(sql: string, at: number): number {
  const quote = sql[at];
  for (let index = at + 1; index < sql.length; index++) {
    if (sql[index] === '\\') index++;
    else if (sql[index] === quote) return index + 1;
  }
  return sql.length;
}

function after(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from);
  return found < 0 ? sql.length : found + mark.length;
}

function isBlank(sql: string, at: number): boolean {
  const code = sql.charCodeAt(at);
  return at >= sql.length || code <= 0x20 || code === 0x7f;
}
