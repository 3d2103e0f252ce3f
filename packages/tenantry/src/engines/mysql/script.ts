import { InvalidInputError } from '../../errors.js';
import { spanAt } from './lexer.js';

/** A line of its own that changes what ends a statement, as in the `mysql` command-line client. */
const DELIMITER_LINE = /[^\S\n]*delimiter(?:[^\S\n]+(\S+))?[^\n]*(?:\n|$)/iy;

/**
 * Splits a schema script into its statements, as the `mysql` command-line client does: `;` or what
 * `DELIMITER` says ends a statement, except inside strings, quoted identifiers and comments.
 * Stretches that hold nothing but comments are left out; `/*! ... *\/` is a statement.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for a `DELIMITER` without a value, when it is reached.
 */
export function* splitScript(script: string): Generator<string, void, undefined> {
  let delimiter = ';';
  let start = script.startsWith('\ufeff') ? 1 : 0;
  let hasCode = false;
  let at = start;
  while (at < script.length) {
    const line = hasCode ? undefined : delimiterLine(script, at);
    if (line !== undefined) {
      delimiter = line.delimiter;
      start = at = line.end;
      continue;
    }
    const span = spanAt(script, at);
    if (span !== undefined) {
      hasCode ||= span.kind !== 'comment';
      at = span.end;
    } else if (script.startsWith(delimiter, at)) {
      if (hasCode) yield script.slice(start, at).trim();
      hasCode = false;
      start = at = at + delimiter.length;
    } else {
      hasCode ||= /\S/.test(script.charAt(at));
      at++;
    }
  }
  if (hasCode) yield script.slice(start).trim();
}

function delimiterLine(script: string, at: number): { delimiter: string; end: number } | undefined {
  if (at > 0 && script[at - 1] !== '\n' && script[at - 1] !== '\ufeff') return undefined;
  DELIMITER_LINE.lastIndex = at;
  const match = DELIMITER_LINE.exec(script);
  if (match === null) return undefined;
  const delimiter = match[1];
  if (delimiter === undefined) {
    throw new InvalidInputError('A DELIMITER line of the script names no delimiter.', {
      hint: 'Write it as: DELIMITER //',
    });
  }
  return { delimiter, end: at + match[0].length };
}
