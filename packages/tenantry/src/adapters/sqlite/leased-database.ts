import { BusyWait } from '../../engines/sqlite/busy-wait.js';
import { isBusy } from '../../engines/sqlite/errors.js';
import type { SqliteDatabase } from '../../engines/sqlite/lent/index.js';
import type { ClientLease, Clients } from '../../session/clients.js';

/** A handle of a tenant's, until it is released. It waits for another handle's lock without stopping the event loop. */
export class LeasedDatabase {
  readonly #lease: ClientLease;
  readonly #database: SqliteDatabase;
  readonly #busyTimeoutMs: number;
  readonly #wait = new BusyWait();

  private constructor(lease: ClientLease, busyTimeoutMs: number) {
    this.#lease = lease;
    this.#database = lease.client as SqliteDatabase;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** @throws what a session's first use throws. */
  static async acquire(clients: Clients, busyTimeoutMs: number): Promise<LeasedDatabase> {
    return new LeasedDatabase(await clients.acquire(), busyTimeoutMs);
  }

  /** Does work at once; only if a lock is in its way, later again. */
  async run<T>(work: (database: SqliteDatabase) => T): Promise<T> {
    const attempt = () => work(this.#database);
    const mayWait = (error: unknown) => isBusy(error, this.#database.inTransaction);
    try {
      return attempt();
    } catch (error) {
      if (!mayWait(error)) throw error;
      return this.#wait.retry(error, { attempt, isBusy: mayWait, timeoutMs: this.#busyTimeoutMs });
    }
  }

  iterate(sql: string, values: readonly unknown[]): IterableIterator<unknown> {
    return this.#database.prepare(sql).iterate(...values);
  }

  /** Ends every wait and gives the handle back; one that is left in a transaction is closed, which rolls it back. */
  release(): void {
    this.#wait.end();
    this.#lease.release();
  }
}
