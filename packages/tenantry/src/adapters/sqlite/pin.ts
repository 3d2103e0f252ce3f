import { type HeldHandle, type LentHandle, lentHandleOf } from '../../engines/sqlite/lent/index.js';
import type { ClientLease } from '../../session/clients.js';

/** What ends a transaction, well or badly. */
const ENDING = /^\s*(?:commit|end|rollback)\b/i;

/** A handle that is kept beyond one call: it is in a transaction, or gives rows. Its lease ends it when its time is over. */
export class Pin implements HeldHandle {
  readonly handle: LentHandle;
  readonly #lease: ClientLease;
  readonly #onEnd: () => void;

  constructor(lease: ClientLease, onEnd: () => void = () => {}) {
    this.handle = lentHandleOf(lease.client);
    this.#lease = lease;
    this.#onEnd = onEnd;
  }

  get inTransaction(): boolean {
    return !this.handle.isLent || this.handle.inTransaction;
  }

  /** Runs work on the handle, and lets it go when the transaction has ended. */
  use<T>(sql: string, work: (handle: LentHandle) => T): T {
    // It was taken away. Whatever comes before its end was meant for the transaction, and must not run outside of it.
    if (!this.handle.isLent && ENDING.test(sql)) this.#onEnd();
    try {
      return work(this.handle);
    } finally {
      if (!this.inTransaction) this.release();
    }
  }

  release(): void {
    this.#onEnd();
    this.#lease.release();
  }
}
