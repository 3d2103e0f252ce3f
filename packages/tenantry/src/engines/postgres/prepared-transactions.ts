import type { Client } from './driver.js';
import { sqlState } from './errors.js';
import { quoteLiteral } from './identifiers.js';

/** Without this word no statement prepares a transaction: it is read without quotes and escapes. */
const PREPARE = /prepare/i;
const NAMED = /\bprepare\s+transaction\s*'((?:[^'\\]|'')*)'/gi;
const TAG = 'PREPARE TRANSACTION';
/** There is no such transaction (any more). */
const UNDEFINED_OBJECT = '42704';
/** What this session could have prepared. */
const OTHERS = `SELECT FROM pg_catalog.pg_prepared_xacts
  WHERE database OPERATOR(pg_catalog.=) pg_catalog.current_database() AND owner OPERATOR(pg_catalog.=) CURRENT_USER`;

/**
 * The transactions that a session has prepared for a second phase (`PREPARE TRANSACTION`). Abandoned, each keeps its locks
 * after the connection and after the server's next start. The server's answer says that there is one; its name is in
 * the statement's text and nowhere else.
 */
export class PreparedTransactions {
  readonly #connection: Client['connection'];
  readonly #names = new Set<string>();
  #count = 0;
  #isListening = false;

  constructor({ connection }: Client) {
    this.#connection = connection;
  }

  /** How many were prepared. */
  get count(): number {
    return this.#count;
  }

  /** To be told of every text that is not known to be harmless, before it is sent. */
  sees(text: string): void {
    if (!PREPARE.test(text)) return;
    for (const [, name = ''] of text.matchAll(NAMED)) this.#names.add(name.replaceAll("''", "'"));
    if (this.#isListening) return;
    this.#isListening = true;
    this.#connection.on('commandComplete', ({ text: tag }: { readonly text: string }) => {
      if (tag === TAG) this.#count++;
    });
  }

  /** What was not prepared so far is not prepared later by a text of before. */
  forget(): void {
    if (this.#count === 0) this.#names.clear();
  }

  /**
   * Rolls them back. One that was ended already, here or by another session, is none.
   *
   * @throws the server's error, or one of its own, if one may still be there.
   */
  async rollBack(run: (sql: string) => Promise<{ readonly rows: readonly unknown[] }>): Promise<void> {
    await run('ROLLBACK');
    let found = 0;
    for (const name of this.#names) {
      try {
        await run(`ROLLBACK PREPARED ${quoteLiteral(name)}`);
        found++;
      } catch (error) {
        if (sqlState(error) !== UNDEFINED_OBJECT) throw error;
      }
    }
    if (found >= this.#count) return;
    const { rows } = await run(OTHERS);
    if (rows.length > 0) throw new Error('Its name could not be read from its statement.');
  }
}

/** Tells of a transaction that could not be rolled back: it is for an administrator now. */
export function warnOfPrepared(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(
    `A transaction may be left prepared at the server, with its locks; look at pg_prepared_xacts: ${reason}`,
    { code: 'TENANTRY_TRANSACTION_LEFT_PREPARED' },
  );
}
