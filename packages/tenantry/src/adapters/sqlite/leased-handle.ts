import { BusyWait } from '../../engines/sqlite/busy-wait.js';
import { isBusy } from '../../engines/sqlite/errors.js';
import type { RunResult, SqliteDatabase } from '../../engines/sqlite/lent/index.js';
import type { ClientLease } from '../../session/clients.js';

/** A handle of a tenant's, until it is released. Its statements wait for locks without stopping the event loop. */
export class LeasedHandle {
  readonly database: SqliteDatabase;
  readonly #lease: ClientLease;
  readonly #busyTimeoutMs: number;
  readonly #wait = new BusyWait();

  constructor(lease: ClientLease, busyTimeoutMs: number) {
    this.#lease = lease;
    this.database = lease.client as SqliteDatabase;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Whether a statement waits for a lock now. */
  get waiting(): boolean {
    return this.#wait.waiting;
  }

  /** The rows of a statement that gives some, or what another one did. */
  async run(sql: string, values: readonly unknown[]): Promise<readonly unknown[] | RunResult> {
    const attempt = () => {
      const statement = this.database.prepare(sql);
      return statement.reader ? statement.all(...values) : statement.run(...values);
    };
    const mayWait = (error: unknown) => isBusy(error, this.database.inTransaction);
    try {
      return attempt();
    } catch (error) {
      if (!mayWait(error)) throw error;
      return this.#wait.retry(error, { attempt, isBusy: mayWait, timeoutMs: this.#busyTimeoutMs });
    }
  }

  /** Gives the handle back; what waits on it has not run. */
  release(): void {
    this.#wait.end();
    this.#lease.release();
  }

  /** Gives it back to be closed at once. */
  destroy(): void {
    this.#wait.end();
    this.#lease.destroy();
  }
}
