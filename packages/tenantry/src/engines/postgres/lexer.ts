/** Ends a word, a number or a parameter: nothing that another reading would make part of it. */
const END = String.raw`(?![\w$'"\u0080-\uffff])`;
const SPACE = String.raw`[ \t\n\r\f]+`;
const WORD = String.raw`[A-Za-z_]\w*${END}`;
const NUMBER = String.raw`(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w$.'"\u0080-\uffff])`;
const PARAMETER = String.raw`\$\d+${END}`;
/** Without backslashes, which mean one thing or another by a setting, and without what is written before it: `E'...'`. */
const STRING = String.raw`'(?:[^'\\\u0000-\u0008\u000b\u000e-\u001f]|'')*'${END}`;
const QUOTED = String.raw`"[^"\\\u0000-\u001f]+"${END}`;
/** Not what could be the prefix of a quotation: `U&'...'`. */
const OPERATOR = String.raw`[-+*/<>=~!@#%^&|\`?]+(?<!&(?=['"]))`;
const PUNCTUATION = String.raw`::|[(),.[\]]`;
const TOKEN = new RegExp(
  `${SPACE}|(?<word>${WORD})|(?<value>${NUMBER}|${PARAMETER}|${STRING})|(?<quoted>${QUOTED})|(?<operator>${OPERATOR})|(?<punctuation>${PUNCTUATION})`,
  'y',
);

/** The operators of the system's own types. A run of their characters that is none of these could be a comment. */
const OPERATORS: ReadonlySet<string> = new Set(
  '= <> != < > <= >= + - * / % ^ | & || -> ->> #> #>> @> <@ ? ?| ?& && ~ ~* !~ !~* ~~ !~~ ~~* !~~* @@'.split(
    ' ',
  ),
);

/** What stands for a name in quotation marks, and for a string, a number or a parameter. */
export const NAME = '"';
const VALUE = '0';

/**
 * The tokens of one statement, words in lower case, if it is written in so small a part of the language that no
 * server reads it otherwise, whatever its version and settings: undefined where there is a comment, a backslash,
 * a dollar quote, a prefixed string, a second statement, an operator that is not the system's own, or anything
 * but ASCII outside of quotation marks.
 */
export function plainTokens(sql: string): readonly string[] | undefined {
  const end = endOf(sql);
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const groups = TOKEN.exec(sql)?.groups;
    if (groups === undefined) return undefined;
    const { word, value, quoted, operator, punctuation } = groups;
    if (operator !== undefined && !OPERATORS.has(operator)) return undefined;
    if (quoted !== undefined) tokens.push(NAME);
    else if (value !== undefined) tokens.push(VALUE);
    else if (word !== undefined) tokens.push(word.toLowerCase());
    else if (operator !== undefined) tokens.push(operator);
    else if (punctuation !== undefined) tokens.push(punctuation);
  }
  return tokens;
}

/** Where a statement ends, without the semicolon and the space that may follow it. */
function endOf(sql: string): number {
  let end = spaceBefore(sql, sql.length);
  if (sql[end - 1] === ';') end = spaceBefore(sql, end - 1);
  return end;
}

function spaceBefore(sql: string, end: number): number {
  let at = end;
  while (at > 0 && ' \t\n\r\f'.includes(sql[at - 1] ?? '')) at--;
  return at;
}
