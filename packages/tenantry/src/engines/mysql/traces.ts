import { memoByText } from '../../engine/text-memo.js';
import { FUNCTIONS, WORDS } from './harmless-names.js';
import { plainTokens, type Token } from './plain-sql.js';

const ORDER = ['none', 'values', 'anything', 'lasting'] as const;

/**
 * What a statement may leave in its session. `values` are variables and numbers, which nobody else can
 * feel, so it is enough that they are gone when the next statement runs. `anything` may be a lock.
 * `lasting` is what not even a reset takes away.
 */
export type Traces = (typeof ORDER)[number];

/** What is left by both. */
export function more(one: Traces, other: Traces): Traces {
  if (other === 'none') return one;
  return ORDER.indexOf(one) < ORDER.indexOf(other) ? other : one;
}

/** To look at a longer text costs as much as a reset. */
const LONGEST = 16_384;

/** Begin and end of a transaction: whether one is open the server tells itself. */
const TRANSACTION =
  /^(?:begin(?: work)?|start transaction(?: read (?:only|write)| with consistent snapshot)?|commit(?: work)?|rollback(?: work)?|(?:rollback (?:work )?to )?savepoint [\w"]+|rollback (?:work )?to [\w"]+|release savepoint [\w"]+)$/;
const ROWS: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'replace', 'with']);
/** Other INTOs, sequences, and what only some servers run. */
const DOUBT: ReadonlySet<string> = new Set(
  'into procedure analyze analyse next previous nextval lastval setval outfile dumpfile'.split(' '),
);
/** What may stand between the first word and the INTO of a statement that inserts. */
const MODIFIERS: ReadonlySet<string> = new Set(['low_priority', 'high_priority', 'delayed', 'ignore']);
/**
 * The server goes on to record the texts of statements, stops to report changes of the session, or ends it with the
 * next COMMIT, which shows only after its answer.
 */
const LASTING = /profiling|session_track|completion_type/i;

/**
 * What a statement may leave in its session, by its text; `anything` when in doubt. A statement that
 * was looked at before costs one look-up.
 *
 * A text proves something only if it is so plain that no server can read it otherwise ({@link plainTokens}) and if
 * all that looks like a call in it is one of a few names that a server knows itself: stored functions are doubt.
 *
 * Not in the text, and hence not seen: what triggers and views do. Of that the server's own reports show generated
 * keys, warnings and the variables that it tracks; a user variable that a trigger sets, or a lock that it takes,
 * is seen by nobody. It can meet its own tenant, and ends when the connection moves to another one, because a
 * move takes away all that a session holds, whatever the texts were.
 *
 * Every statement leaves its number of rows, which is not taken away for its own sake: what `ROW_COUNT()`
 * and `FOUND_ROWS()` tell belongs to the statement before, hence into one lease with it.
 */
export const tracesOf: (sql: string) => Traces = memoByText(judgeTraces);

/** As {@link tracesOf}, for a text that will hardly come again: it is not remembered. */
export function judgeTraces(sql: string): Traces {
  const traces = sql.length > LONGEST ? 'anything' : judge(plainTokens(sql));
  return traces !== 'none' && LASTING.test(sql) ? 'lasting' : traces;
}

function judge(text: readonly Token[] | undefined): Traces {
  const tokens = text?.at(-1)?.text === ';' ? text.slice(0, -1) : text;
  const first = tokens?.[0];
  if (tokens === undefined || first?.kind !== 'word') return 'anything';
  if (TRANSACTION.test(spelled(tokens))) return 'none';
  const isSetting = first.text === 'use' || (first.text === 'set' && tokens[1]?.text !== 'statement');
  if (!isSetting && !ROWS.has(first.text)) return 'anything';
  const from = lengthOfInsertion(tokens);
  if (tokens.some(({ kind, text }, at) => at >= from && isDoubt(kind, text))) return 'anything';
  if (!tokens.every((token, at) => token.text !== '(' || at === from || maySurround(tokens, at)))
    return 'anything';
  return isSetting || tokens.some(({ text }) => leavesValues(text)) ? 'values' : 'none';
}

/** A short statement of words, as one text: a quoted name is a quotation mark. */
function spelled(tokens: readonly Token[]): string {
  if (tokens.length > 6) return '';
  return tokens.map(({ kind, text }) => (kind === 'quoted' ? '"' : text)).join(' ');
}

/** How many tokens come before the list of columns, or the rows, of a statement that inserts; 0 for any other. */
function lengthOfInsertion(tokens: readonly Token[]): number {
  if (tokens[0]?.text !== 'insert' && tokens[0]?.text !== 'replace') return 0;
  let at = 1;
  while (MODIFIERS.has(tokens[at]?.text ?? '')) at++;
  if (tokens[at]?.text !== 'into') return 0;
  at += 2;
  return tokens[at]?.text === '.' ? at + 2 : at;
}

function isDoubt(kind: Token['kind'], text: string): boolean {
  return kind === 'word' ? DOUBT.has(text) : text === ';';
}

/** The key that is generated for a row is told with its number of rows, but not with rows. */
function leavesValues(text: string): boolean {
  return text === '@' || text === ':=' || text === 'returning';
}

/** Whether the parenthesis at an offset is that of a word of the language or of a harmless call, or of no name at all. */
function maySurround(tokens: readonly Token[], at: number): boolean {
  const name = tokens[at - 1];
  if (name?.kind === 'mark' || name === undefined) return name?.text !== '@';
  const before = tokens[at - 2]?.text;
  // A quoted name is one of the database's own, and so is one with a point before it.
  if (name.kind === 'quoted' || before === '.' || before === '@') return false;
  if (WORDS.has(name.text) || (name.text === 'over' && before === ')')) return true;
  // With a blank between, the name of a function is one of the database's own.
  if (tokens[at]?.isSpaced) return false;
  // With a value it is the value that is remembered.
  if (name.text === 'last_insert_id') return tokens[at + 1]?.text === ')';
  return FUNCTIONS.has(name.text);
}
