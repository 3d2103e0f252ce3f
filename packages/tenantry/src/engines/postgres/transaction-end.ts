import { NAME, plainTokens } from './lexer.js';

/** Without this word no statement ends a transaction and begins the next: it is read without quotes and escapes. */
const CHAIN = /chain/i;
const TO_SAVEPOINT = new RegExp(
  String.raw`^rollback(?: (?:work|transaction))? to(?: savepoint)? (?:\w+|${NAME})$`,
);

/**
 * Whether a statement that succeeded has ended a transaction and begun another one (`COMMIT AND CHAIN`), by its command
 * tag. The tag of a return to a savepoint is `ROLLBACK` as well, so there the text decides; `true` when in doubt.
 */
export function beganAnother(tag: string, sql: string): boolean {
  if (tag === 'COMMIT') return true;
  return tag === 'ROLLBACK' && CHAIN.test(sql) && !TO_SAVEPOINT.test(plainTokens(sql)?.join(' ') ?? '');
}
