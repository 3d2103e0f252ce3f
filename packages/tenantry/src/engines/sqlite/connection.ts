import type {
  Activity,
  BeginOptions,
  Holder,
  Parameter,
  SaidOfItself,
  StatementResult,
} from '../../engine/connection.js';
import type { LendOptions, LentClient } from '../../engine/lent-client.js';
import { NotSentError } from '../../engine/not-sent.js';
import { InvalidOptionError } from '../../errors.js';
import type { Identity } from '../../tenant/tenant.js';
import { BusyWait } from './busy-wait.js';
import { databaseNameOf } from './database-file.js';
import type { DriverHandle } from './driver-handle.js';
import { classifyError, isBusy, SqliteEngineError } from './errors.js';
import type { FileProof } from './file-proof.js';
import { HandleState } from './handle-state.js';
import { readIdentity, readIdentityNow } from './identity.js';
import { type Loan, lend } from './lent/lend.js';
import type { LentStatement } from './lent/lent-handle.js';
import { type PreparedStatement, PreparedStatements } from './prepared-statements.js';
import type { ScriptConnection } from './script-connection.js';
import { checkStatement, type StatementRule } from './statement-rules.js';
import { bindParameters, exactRowid, normalizeRows } from './values.js';

/** What a connection is made of. */
export interface OpenFile {
  readonly database: string;
  /** The folder by its real path. */
  readonly folder: string;
  readonly proof: FileProof;
  readonly handle: DriverHandle;
  /** Milliseconds that a statement waits for a lock. */
  readonly busyTimeoutMs: number;
}

/**
 * A handle on one database file.
 *
 * A statement runs when it is called, synchronously; only the wait for another connection's lock is
 * asynchronous, and it ends with kind `lock-timeout` after `busyTimeoutMs`. Integers that a number
 * cannot hold arrive as bigint. `ATTACH` and whatever else reaches beyond the file is refused.
 */
export class SqliteConnection implements ScriptConnection {
  readonly database: string;
  readonly #open: OpenFile;
  #handle: DriverHandle | undefined;
  readonly #statements = new PreparedStatements();
  /** Of clients that were lent: they tell their statements other things. */
  readonly #lentStatements = new Map<string, LentStatement>();
  readonly #busyWait = new BusyWait();
  readonly #onLost: ((error: Error) => void)[] = [];
  #state: HandleState | undefined;
  #lent: Loan | undefined;
  #readOnly = false;
  #leftState = false;

  constructor(open: OpenFile) {
    this.database = open.database;
    this.#open = open;
    this.#handle = open.handle;
  }

  query(sql: string, params: readonly Parameter[] = [], holder?: Holder): Promise<StatementResult> {
    return this.#run((handle) => this.#query(handle, sql, params), holder);
  }

  /** Whether it was neither closed nor destroyed; unlike {@link isAlive} it never looks at the file. */
  get isOpen(): boolean {
    return this.#handle !== undefined;
  }

  /** That the file is the one that was opened. */
  get proof(): FileProof {
    return this.#open.proof;
  }

  runOfScript({ text, isPlain }: StatementRule): Promise<void> {
    return this.#run((handle) => {
      const state = isPlain ? undefined : this.#stateOf(handle);
      const statement = handle.prepare(text);
      if (statement.reader) statement.all([]);
      else statement.run([]);
      // Whatever else it leaves is closed with the connection.
      if (state !== undefined) assertAlone(state);
    });
  }

  async begin({ readOnly = false, isolationLevel = 'serializable' }: BeginOptions = {}): Promise<void> {
    if (isolationLevel !== 'serializable') {
      throw new InvalidOptionError(`SQLite has no isolation level ${JSON.stringify(isolationLevel)}.`, {
        hint: 'Leave isolationLevel out, or say serializable: every transaction of SQLite is that.',
      });
    }
    // A writer takes its lock at once, so that no statement of it can find its snapshot too old.
    if (!readOnly) return this.#execute('BEGIN IMMEDIATE');
    await this.#execute('BEGIN DEFERRED');
    this.#readOnly = true;
    await this.#execute('PRAGMA query_only = 1');
  }

  async commit(): Promise<void> {
    await this.#execute('COMMIT');
    await this.#allowWrites();
  }

  async rollback(): Promise<void> {
    // Some errors (a full disk) have SQLite roll back by itself.
    await this.#run((handle) => {
      if (handle.inTransaction) handle.exec('ROLLBACK');
    });
    await this.#allowWrites();
  }

  lend(options?: LendOptions): LentClient {
    const handle = this.#handle;
    if (handle === undefined) throw new NotSentError();
    const { path } = this.#open.proof;
    const lent = lend(
      {
        handle,
        path,
        prepared: this.#lentStatements,
        watch: (rule, work) => this.#watched(handle, rule, work),
        leftState: () => this.#markLeft(),
      },
      options,
    );
    this.#lent = lent;
    return lent;
  }

  /** As SQLite names the file that is open; its path when that is not where it should be. */
  async currentDatabase(): Promise<string> {
    return this.#databaseIn(await this.query('PRAGMA database_list'));
  }

  readIdentity(): Promise<Identity | undefined> {
    return readIdentity(this);
  }

  identifyNow(): SaidOfItself {
    const handle = this.#handle;
    if (handle === undefined) throw new NotSentError();
    const query = (sql: string) => this.#query(handle, sql, []);
    return {
      database: this.#databaseIn(query('PRAGMA database_list')),
      identity: readIdentityNow(query, this.database),
    };
  }

  /** Only for transactions that are left open, and of a client that was lent as itself nothing is known. */
  get activity(): Activity | undefined {
    return this.#lent?.activity;
  }

  /** Never: a handle whose session was changed is not clean, for a new one costs less than looking. */
  isTouched(): boolean {
    return false;
  }

  reset(): void {}

  isClean(): boolean {
    const handle = this.#handle;
    if (handle === undefined || this.#readOnly || this.#leftState || this.#busyWait.waiting) return false;
    return !handle.inTransaction;
  }

  /** SQLite's own word: some errors, and `INSERT OR ROLLBACK`, end a transaction as well as COMMIT does. */
  isInTransaction(): boolean {
    return this.#handle?.inTransaction ?? true;
  }

  /**
   * Whether the file is still the one that was opened, within the bound of {@link FileProof}. Where it
   * is not, the connection ends. Statements do not look; whoever takes a connection asks this.
   */
  isAlive(): boolean {
    if (this.#handle === undefined) return false;
    if (this.#open.proof.holds()) return true;
    this.destroy();
    return false;
  }

  onLost(listener: (error: Error) => void): void {
    this.#onLost.push(listener);
  }

  async ping(): Promise<void> {
    const { proof } = this.#open;
    if (this.#handle !== undefined && !proof.look()) {
      const error = new SqliteEngineError(
        'connection-lost',
        `The file ${proof.path} was deleted or replaced.`,
      );
      this.destroy();
      for (const listener of this.#onLost.splice(0)) listener(error);
      throw error;
    }
    await this.#execute('SELECT 1 FROM sqlite_master LIMIT 1');
  }

  /** Nothing that runs can be cancelled: what may be under way is a wait for a lock, which ends. */
  async cancel(_timeoutMs: number): Promise<void> {
    this.destroy();
  }

  async close(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    // What still gives rows would keep the file open, and go on giving them.
    this.#lent?.revoke();
    this.#busyWait.end();
    this.#statements.clear();
    this.#lentStatements.clear();
    try {
      // libsql closes the file when it pleases; the lock must not wait for that.
      if (handle.inTransaction) handle.exec('ROLLBACK');
    } catch {
      // Closing rolls back as well.
    }
    try {
      handle.close();
    } catch {
      // Nobody has it any more: nothing can be done with it.
    }
  }

  #databaseIn({ rows }: StatementResult): string {
    const path = String(rows.find(({ name }) => name === 'main')?.file ?? '');
    return databaseNameOf(this.#open.folder, path) ?? path;
  }

  #markLeft(): void {
    this.#leftState = true;
  }

  /** Runs a statement of our own. */
  #execute(sql: string): Promise<void> {
    return this.#run((handle) => this.#watched(handle, { isPlain: true }, () => void handle.exec(sql)));
  }

  /** Runs at once; only if a lock is in the way, later again. */
  #run<T>(work: (handle: DriverHandle) => T, holder?: Holder): Promise<T> {
    const attempt = () => {
      if (this.#handle === undefined) throw new NotSentError();
      return work(this.#handle);
    };
    try {
      return Promise.resolve(attempt());
    } catch (error) {
      const mayWait = (reason: unknown) => isBusy(reason, this.#handle?.inTransaction ?? true);
      if (!mayWait(error)) return Promise.reject(error as Error);
      const { busyTimeoutMs: timeoutMs } = this.#open;
      return this.#busyWait.retry(error, { attempt, isBusy: mayWait, timeoutMs, holder });
    }
  }

  #query(handle: DriverHandle, sql: string, params: readonly Parameter[]): StatementResult {
    const known = this.#statements.get(sql);
    const rule = known?.rule ?? checkStatement(sql);
    const values = bindParameters(params, rule.parameters.length);
    return this.#watched(handle, rule, () => {
      const { statement, reader } = known ?? this.#prepare(handle, sql, rule);
      if (reader) {
        const rows = normalizeRows(statement.all(values));
        return { rows, affectedRows: rule.reads ? 0 : rows.length, insertId: null };
      }
      const { changes, lastInsertRowid } = statement.run(values);
      const insertId = rule.inserts && changes > 0 ? exactRowid(handle, lastInsertRowid) : null;
      return { rows: [], affectedRows: changes, insertId };
    });
  }

  /**
   * Prepares and runs a statement that was checked. After one that is not plain work on rows SQLite is asked what it left, whether or
   * not it failed.
   */
  #watched<T>(handle: DriverHandle, { isPlain }: Pick<StatementRule, 'isPlain'>, work: () => T): T {
    const state = isPlain ? undefined : this.#stateOf(handle);
    try {
      return work();
    } catch (error) {
      // Where it opened nothing but for reading, the file or its disk has been made read-only: a new handle may find another.
      if (!this.#readOnly && classifyError(error) === 'read-only') this.#markLeft();
      throw error;
    } finally {
      if (state !== undefined) this.#ask(state);
    }
  }

  /** What SQLite said of the handle before the first statement that could have changed it. */
  #stateOf(handle: DriverHandle): HandleState {
    this.#state ??= new HandleState(handle);
    return this.#state;
  }

  /** @throws SqliteEngineError of kind `access-denied` where another file is attached; the connection is closed then. */
  #ask(state: HandleState): void {
    try {
      if (!state.isAsAtFirst()) this.#markLeft();
    } catch (error) {
      this.#markLeft();
      if (!(error instanceof SqliteEngineError)) return;
      this.destroy();
      throw error;
    }
  }

  #prepare(handle: DriverHandle, sql: string, rule: StatementRule): PreparedStatement {
    const statement = handle.prepare(rule.text);
    const { reader } = statement;
    if (reader) statement.safeIntegers(true);
    const prepared = { rule, statement, reader };
    if (rule.cacheable) this.#statements.add(sql, prepared);
    return prepared;
  }

  async #allowWrites(): Promise<void> {
    if (!this.#readOnly) return;
    await this.#execute('PRAGMA query_only = 0');
    this.#readOnly = false;
  }
}

/** Whatever is in its way, it is not to be done again: the statement has run. */
function assertAlone(state: HandleState): void {
  try {
    state.assertAlone();
  } catch (cause) {
    if (cause instanceof SqliteEngineError) throw cause;
    throw new SqliteEngineError('other', 'The statement ran, and SQLite did not say what it left.', {
      cause,
    });
  }
}
