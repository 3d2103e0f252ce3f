import { type HeldHandle, type LentHandle, lentHandleOf } from '../../engines/sqlite/lent/index.js';
import { LeaseEndedError } from '../../errors.js';
import type { ClientLease } from '../../session/clients.js';

/** What ends a transaction, well or badly. */
const ENDING = /^\s*(?:commit|end|rollback)\b/i;

/** A handle that is kept beyond one call: it is in a transaction, or gives rows. It is given up when its time is over. */
export class Pin implements HeldHandle {
  readonly handle: LentHandle;
  readonly #lease: ClientLease;
  readonly #onEnd: () => void;
  readonly #deadline: NodeJS.Timeout;
  #isOver = false;

  constructor(lease: ClientLease, limitMs: number, onEnd: () => void = () => {}) {
    this.handle = lentHandleOf(lease.client);
    this.#lease = lease;
    this.#onEnd = onEnd;
    this.#deadline = setTimeout(() => {
      this.#isOver = true;
      lease.destroy();
    }, limitMs).unref();
  }

  get inTransaction(): boolean {
    return this.#isOver || this.handle.inTransaction;
  }

  /** Runs work on the handle, and lets it go when the transaction has ended. */
  use<T>(sql: string, work: (handle: LentHandle) => T): T {
    if (this.#isOver) {
      // Whatever comes before its end was meant for the transaction, and must not run outside of it.
      if (ENDING.test(sql)) this.#onEnd();
      throw new LeaseEndedError('The transaction was rolled back: nobody ended it in time.', {
        hint: 'Keep transactions short, or raise transactionMs.',
      });
    }
    try {
      return work(this.handle);
    } finally {
      if (!this.handle.inTransaction) this.release();
    }
  }

  release(): void {
    clearTimeout(this.#deadline);
    this.#onEnd();
    this.#lease.release();
  }
}
