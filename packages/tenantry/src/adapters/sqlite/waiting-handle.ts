import { BusyWait } from '../../engines/sqlite/busy-wait.js';
import { isBusy } from '../../engines/sqlite/errors.js';
import {
  lentHandleIn,
  type RunResult,
  type SqliteDatabase,
  type SqliteStatement,
  statementsOf,
} from '../../engines/sqlite/lent/index.js';
import { normalizeInteger, normalizeRows } from '../../engines/sqlite/values.js';
import { type ClientLease, type Clients, holderOf, leftOpenBy } from '../../session/clients.js';

/**
 * A tenant's handle in an ORM's hands, for one query or for one transaction. Work waits for other handles'
 * locks without stopping the event loop; the wait ends with the handle, and then the work has not run.
 */
export class WaitingHandle {
  readonly database: SqliteDatabase;
  readonly #lease: ClientLease;
  readonly #busyTimeoutMs: number;
  readonly #wait = new BusyWait();
  #isOfFunction = false;

  /** Leases one. Throws what a session's first use throws. */
  static async acquire(clients: Clients, busyTimeoutMs: number): Promise<WaitingHandle> {
    return new WaitingHandle(await clients.acquire(), busyTimeoutMs);
  }

  constructor(lease: ClientLease, busyTimeoutMs: number) {
    this.database = lease.client as SqliteDatabase;
    this.#lease = lease;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Whether work waits for a lock now. */
  get waiting(): boolean {
    return this.#wait.waiting;
  }

  /**
   * Runs one statement at once; only if a lock is in the way, later again. One that failed over a lock has changed
   * nothing; of several the first may have, so that each is run by a call of its own.
   */
  async run<T>(sql: string, work: (statement: SqliteStatement) => T): Promise<T> {
    const attempt = () => work(this.database.prepare(sql));
    const mayWait = (error: unknown) => isBusy(error, this.database.inTransaction);
    try {
      return attempt();
    } catch (error) {
      if (!mayWait(error)) throw error;
      // A transaction under way goes on.
      const holder = this.database.inTransaction ? undefined : holderOf(this.#lease);
      return this.#wait.retry(error, { attempt, isBusy: mayWait, timeoutMs: this.#busyTimeoutMs, holder });
    }
  }

  /**
   * The transaction that has begun is its ORM's: where a statement of its function ends it, none that follows may run
   * outside of it, and whoever commits it is told.
   */
  began(): void {
    if (this.#isOfFunction) return;
    this.#isOfFunction = true;
    lentHandleIn(this.database)?.enter();
  }

  /** Its ORM ends it now. */
  ends(): void {
    if (!this.#isOfFunction) return;
    this.#isOfFunction = false;
    lentHandleIn(this.database)?.leave();
  }

  /** The rows of a statement that gives some, or what another one did. Integers that a number cannot hold are bigint. */
  send(sql: string, values: readonly unknown[]): Promise<readonly unknown[] | RunResult> {
    return this.run(sql, (statement) => {
      statement.safeIntegers();
      return statement.reader ? exactRows(statement.all(...values)) : exactResult(statement.run(...values));
    });
  }

  /**
   * Runs every statement of a text, one by one; each waits for locks by itself. All are checked before the first runs.
   * Where one fails, those before it have run.
   */
  async exec(script: string): Promise<void> {
    for (const sql of statementsOf(script)) {
      await this.run(sql, (statement) => void (statement.reader ? statement.all() : statement.run()));
    }
  }

  /** A statement's rows, one by one as they are asked for. Only the first can meet a lock. */
  async *iterate(
    sql: string,
    values: readonly unknown[],
    isExact = true,
  ): AsyncGenerator<unknown, void, undefined> {
    const { rows, first } = await this.run(sql, (statement) => {
      const begun = statement.safeIntegers(isExact).iterate(...values);
      return { rows: begun, first: begun.next() };
    });
    try {
      for (let row = first; !row.done; row = rows.next()) yield row.value;
    } finally {
      rows.return?.();
    }
  }

  /** Set where what ran here has left a transaction open, and nobody will go on with this handle. */
  get leftOpen(): Error | undefined {
    return leftOpenBy(this.#lease);
  }

  release(): void {
    this.#wait.end();
    this.#lease.release();
  }

  /** For a handle of which nobody knows what it still does. */
  destroy(): void {
    this.#wait.end();
    this.#lease.destroy();
  }
}

/** Rows that were read with integers as bigint: integers are numbers where those hold them. */
export function exactRows(rows: unknown[]): unknown[] {
  return normalizeRows(rows as Parameters<typeof normalizeRows>[0]);
}

/** The same of what a statement did that gives no rows. */
export function exactResult({ changes, lastInsertRowid }: RunResult): RunResult {
  return { changes, lastInsertRowid: normalizeInteger(BigInt(lastInsertRowid)) };
}
