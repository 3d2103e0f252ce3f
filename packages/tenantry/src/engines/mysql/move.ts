import { okFlags, okSchema } from './packets.js';
import { isInTransaction, ServerStatus } from './status.js';

/** Commands that are written ahead of the driver's next one, and answered before it. */
export interface Prelude {
  readonly packets: Buffer;
  /** Each packet's reply must be OK. */
  readonly replies: number;
  /** The database that it moves to, where it is a move. */
  readonly database: string | undefined;
}

/** Commands of a move, as they are written, and how many replies they have. */
export type Move = Pick<Prelude, 'packets' | 'replies'>;

export function moveOf(packets: readonly Buffer[]): Move {
  return { packets: Buffer.concat(packets), replies: packets.length };
}

/** How a session was when its connection was opened. */
export interface FreshSession {
  readonly escapesBackslashes: boolean;
  /** Whether the server folds the case of database names. */
  readonly foldsNames: boolean;
}

/** What speaks against a move whose last command was answered with OK. */
export function doubtOf(
  ok: Buffer,
  database: string,
  { escapesBackslashes, foldsNames }: FreshSession,
): Error | undefined {
  const flags = okFlags(ok);
  if (isInTransaction(flags)) return new Error('A transaction is still open.');
  if ((flags & ServerStatus.autocommit) === 0) return new Error('Autocommit is off.');
  const escapes = (flags & ServerStatus.noBackslashEscapes) === 0;
  if (escapes !== escapesBackslashes) return new Error('The sql_mode of the server has changed.');
  const actual = okSchema(ok);
  if (actual === undefined || actual === database) return undefined;
  if (foldsNames && actual.toLowerCase() === database.toLowerCase()) return undefined;
  return new Error(`The server moved to ${JSON.stringify(actual)}.`);
}
