/** What stands for a string or a quoted name in the code that is judged here. */
export const QUOTED = '"';

const NAME = String.raw`(?:[\w$\u0080-\uffff]+|")`;
const PATH = String.raw`${NAME}(?:\s*\.\s*${NAME})*`;
/** Names that a list of columns follows, in parentheses. */
const INSERTION = new RegExp(
  String.raw`\b(?:insert|replace|merge)\s+(?:(?:low_priority|high_priority|delayed|ignore)\s+)*into\s+${PATH}`,
  'gi',
);
const ALIAS = new RegExp(String.raw`\b(as|with|recursive)\s+${NAME}(?=\s*\()`, 'gi');
const CALL = new RegExp(String.raw`(\.\s*)?(${NAME})\s*\(`, 'g');

/**
 * A statement's code without the names that are followed by a parenthesis and are no calls: of the table
 * that is written to, of aliases. An `INTO` that is left is one of another kind.
 */
export function withoutNamedLists(code: string): string {
  return code.replace(INSERTION, ', ').replace(ALIAS, ' $1 ');
}

/**
 * Whether everything in a statement's code that looks like a call is on a list (in lower case) of words,
 * types and functions. A quoted or qualified name is on no list.
 */
export function callsOnly(code: string, known: ReadonlySet<string>): boolean {
  for (const [, qualified, name = ''] of code.matchAll(CALL)) {
    if (qualified !== undefined || !known.has(name.toLowerCase())) return false;
  }
  return true;
}
