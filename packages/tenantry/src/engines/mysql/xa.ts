import type { StatementResult } from '../../engine/connection.js';
import { serverErrorNumber } from './errors.js';

/** The command cannot be executed in this state of a distributed transaction. */
const WRONG_STATE = 1399;

/** It is another session's, or nobody's. */
const NOT_OWN = 1400;

/** It had changed nothing, and is gone. */
const ROLLED_BACK = 1402;

/**
 * Rolls back the distributed transaction that a session of MariaDB has prepared, if it has one: abandoned, it would
 * keep its locks after the connection and after the server's next start. Its name is not known, for it may have come
 * by a procedure. But such a session can end no transaction but its own, so all that are prepared are tried.
 *
 * @throws the server's error, or one of its own, if it is still there.
 */
export async function rollBackPrepared(run: (sql: string) => Promise<StatementResult>): Promise<void> {
  const refusal = await run('ROLLBACK').then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal === undefined) return;
  // In any other state it ends with the connection.
  if (serverErrorNumber(refusal) !== WRONG_STATE || !/\bPREPARED\b/.test(String(refusal))) return;
  const { rows } = await run("XA RECOVER FORMAT='SQL'");
  let reason: unknown;
  for (const { data } of rows) {
    try {
      await run(`XA ROLLBACK ${String(data)}`);
      return;
    } catch (error) {
      const number = serverErrorNumber(error);
      if (number === ROLLED_BACK) return;
      // A server that takes no writes refuses this, too.
      if (number !== NOT_OWN) reason ??= error;
    }
  }
  throw reason ?? new Error('It is not among those that the server says are prepared.', { cause: refusal });
}

/** Tells of a transaction that could not be rolled back: it is for an administrator now. */
export function warnOfPrepared(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(
    `A distributed transaction may be left prepared at the server, with its locks; look at XA RECOVER: ${reason}`,
    { code: 'TENANTRY_XA_LEFT_PREPARED' },
  );
}
