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
      // "--" opens a comment only before white space: "1--1" is arithmetic.
      return sql[at + 1] === '-' && isBlank(sql, at + 2)
        ? { kind: 'comment', end: after(sql, '\n', at) }
        : undefined;
    case '/':
      return sql[at + 1] === '*' ? blockComment(sql, at) : undefined;
    default:
      return undefined;
  }
}

/**
 * The code of a text: every comment replaced by one blank, every string and quoted name by `quoted`;
 * undefined if it depends on the server what is code.
 */
export function codeOf(sql: string, quoted = ' '): string | undefined {
  let code = '';
  let copied = 0;
  let at = nextSpan(sql, 0);
  while (at >= 0) {
    const span = spanAt(sql, at);
    if (span?.kind === 'executable') return undefined;
    if (span !== undefined) {
      code += sql.slice(copied, at) + (span.kind === 'quoted' ? quoted : ' ');
      copied = span.end;
    }
    at = nextSpan(sql, span?.end ?? at + 1);
  }
  return code + sql.slice(copied);
}

const SPAN_START = /['"`#/-]/g;

/** The next offset at which a stretch could begin, or -1. */
function nextSpan(sql: string, from: number): number {
  SPAN_START.lastIndex = from;
  return SPAN_START.exec(sql)?.index ?? -1;
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
  return at >= sql.length || sql.charCodeAt(at) <= 0x20;
}
