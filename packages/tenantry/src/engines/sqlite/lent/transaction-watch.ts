import { TransactionEndedError } from '../../../errors.js';
import type { DriverHandle } from '../driver-handle.js';
import { classifyError } from '../errors.js';
import type { StatementRule } from '../statement-rules.js';

/**
 * Sees when SQLite ends a transaction that its holder did not end: some errors do, `INSERT OR ROLLBACK`, and a COMMIT
 * inside a function that runs in it. What would follow was meant for the transaction and must not run outside of it.
 */
export class TransactionWatch {
  readonly #handle: DriverHandle;
  /** Functions that run in the transaction, which nothing in them may end. */
  #functions = 0;
  #isOfSavepoint = false;
  #ended: { readonly cause: unknown } | undefined;
  /** Whether the holder has learned that it ended. */
  #isTold = false;

  constructor(handle: DriverHandle) {
    this.#handle = handle;
  }

  /** Whether the transaction ended and its holder has yet to learn of it. */
  get isBroken(): boolean {
    return this.#ended !== undefined && !this.#isTold;
  }

  /** A function begins to run in the transaction. */
  enter(): void {
    this.#functions++;
  }

  /** It has run. */
  leave(): void {
    this.#functions--;
  }

  /** @throws TransactionEndedError (`TENANTRY_TRANSACTION_ENDED`) for what was meant for a transaction that ended before. */
  run<T>({ ending, verb }: Pick<StatementRule, 'ending' | 'verb'>, work: () => T): T {
    if (this.#ended !== undefined) this.#meetEnd(this.#ended.cause, ending);
    const wasIn = this.#handle.inTransaction;
    let cause: unknown;
    try {
      return work();
    } catch (error) {
      cause = error;
      throw error;
    } finally {
      const isIn = this.#handle.inTransaction;
      if (!wasIn && isIn) this.#isOfSavepoint = verb === 'savepoint';
      const isMeant = ending !== undefined && cause === undefined && this.#functions === 0;
      if (wasIn && !isIn && !isMeant) {
        this.#ended = { cause };
        this.#isTold = false;
      }
    }
  }

  #meetEnd(cause: unknown, ending: StatementRule['ending']): void {
    if (ending === 'rollback' && this.#functions === 0) {
      // There is nothing left to roll back; whoever does so gets the answer that it would have got.
      if (!this.#handle.inTransaction) this.#handle.exec('BEGIN');
      this.#ended = undefined;
    } else if (this.#isTold) this.#ended = undefined;
    else {
      const isEnd = ending === 'commit' || (ending === 'release' && this.#isOfSavepoint);
      this.#isTold = isEnd && this.#functions === 0;
      throw transactionEnded(cause);
    }
  }
}

function transactionEnded(cause: unknown): TransactionEndedError {
  const isUndone = cause !== undefined;
  const outcome = isUndone ? 'nothing of it is kept' : 'what it did before may be committed';
  return new TransactionEndedError(`The transaction was ended before its holder ended it; ${outcome}.`, {
    cause,
    ...(isUndone && { kind: classifyError(cause) }),
    hint: isUndone
      ? 'Run it again, and let errors of its statements out of it.'
      : 'Keep BEGIN, COMMIT and ROLLBACK out of its function; look at what is there before you repeat it.',
  });
}
