import type { Activity } from '../../../engine/connection.js';
import { LeaseEndedError } from '../../../errors.js';
import type { DriverHandle, NativeStatement } from '../driver-handle.js';
import { checkDriverScript, checkDriverStatement, type StatementRule } from '../statement-rules.js';
import { exactRowid } from '../values.js';
import { asRefusal } from './refusal.js';
import { TransactionWatch } from './transaction-watch.js';

/** Statements kept prepared on each handle, besides those of sessions. */
const MAX_STATEMENTS = 64;

/** A statement that was checked and prepared. */
export interface LentStatement {
  readonly rule: StatementRule;
  readonly statement: NativeStatement;
}

/** What a handle's connection learns of what is done with it. */
export interface LentHandleHome {
  /** Prepared statements of this handle's generation; they end with it. */
  readonly prepared: Map<string, LentStatement>;
  /** Runs a statement that was checked, and sees what becomes of it. */
  watch<T>(rule: StatementRule, work: () => T): T;
  /** Something was left in the handle that the next holder would see. */
  leftState(): void;
}

/**
 * A driver's handle in somebody's hands, until it is revoked. Every statement is checked before SQLite
 * sees it: nothing reaches beyond the file, and nothing changes the handle unseen.
 */
export class LentHandle implements Activity {
  readonly #home: LentHandleHome;
  readonly #transaction: TransactionWatch;
  readonly #iterating = new Set<Iterator<unknown>>();
  #handle: DriverHandle | undefined;
  #revokeReason: Error | undefined;

  constructor(handle: DriverHandle, home: LentHandleHome) {
    this.#handle = handle;
    this.#home = home;
    this.#transaction = new TransactionWatch(handle);
  }

  /** False once it was revoked. */
  get isLent(): boolean {
    return this.#handle !== undefined;
  }

  /** Also while its holder has yet to learn that it ended. */
  get inTransaction(): boolean {
    return this.#open().inTransaction || this.#transaction.isBroken;
  }

  /** A statement has run before anybody can look. */
  readonly isBusy = false;
  readonly answers = 0;

  rests = 0;

  /**
   * What gives rows keeps a transaction of its own open. One that SQLite ended keeps its place until its holder has
   * learned of it, who may never ask: its time goes on.
   */
  get isInTransaction(): boolean {
    if (this.#handle === undefined) return false;
    return this.#handle.inTransaction || this.#iterating.size > 0 || this.#transaction.isBroken;
  }

  /** Does work with a statement of this handle, prepared now or before. Throws InvalidInputError for what is refused. */
  use<T>(sql: string, work: (statement: NativeStatement, rule: StatementRule) => T): T {
    const handle = this.#open();
    const known = this.#home.prepared.get(sql);
    const rule = known?.rule ?? asRefusal(() => checkDriverStatement(sql));
    return this.#watch(rule, () => work(known?.statement ?? this.#prepare(handle, sql, rule), rule));
  }

  /** Begins a transaction or a savepoint for a function: until {@link end} nothing else may end it. */
  begin(sql: string): void {
    this.exec(sql);
    this.enter();
  }

  /** Ends what {@link begin} began. Throws TransactionEndedError for a COMMIT of what had ended before. */
  end(sql: string): void {
    this.leave();
    this.exec(sql);
  }

  /** The transaction, or savepoint, that has begun is a function's: until {@link leave} nothing else may end it. */
  enter(): void {
    this.#transaction.enter();
  }

  /** What comes next may end it. */
  leave(): void {
    this.#transaction.leave();
  }

  /** The key of the row that a statement has just inserted, whole: see {@link exactRowid}. */
  exactRowid(given: number | bigint): number | bigint {
    return exactRowid(this.#open(), given);
  }

  /** Iterates over the rows of a statement of its own, which is prepared anew. */
  iterate<T>(
    sql: string,
    begin: (statement: NativeStatement, rule: StatementRule) => Iterator<T>,
  ): Iterator<T> {
    const handle = this.#open();
    const rule = asRefusal(() => checkDriverStatement(sql));
    const start = () => begin(handle.prepare(rule.text) as unknown as NativeStatement, rule);
    const watch = <R>(work: () => R): R => this.#watch(rule, work);
    // What it left can be told only when it is over. One that writes does all of it for its first row, and libsql before:
    // its error would meet a transaction that is over.
    if (!rule.isPlain || !rule.reads) return watch(() => allOf(start()));
    const iterator = watch(start);
    this.#iterating.add(iterator);
    return {
      next: () => {
        this.#open();
        return watch(() => {
          let isOver = true;
          try {
            const result = iterator.next();
            isOver = result.done === true;
            return result;
          } finally {
            if (isOver) this.#iterating.delete(iterator);
          }
        });
      },
      return: () => {
        this.#iterating.delete(iterator);
        return iterator.return?.() ?? { done: true, value: undefined };
      },
    };
  }

  /** Runs every statement of a text, one by one. Throws InvalidInputError for what is refused; then none was run. */
  exec(script: string): void {
    for (const rule of asRefusal(() => checkDriverScript(script))) {
      const handle = this.#open();
      this.#watch(rule, () => {
        const statement = handle.prepare(rule.text);
        if (statement.reader) statement.all([]);
        else statement.run([]);
      });
    }
  }

  /** Has foreign keys kept or not, for what changes a schema. The handle is closed when it comes back. */
  keepForeignKeys(areKept: boolean): void {
    const handle = this.#open();
    this.#home.leftState();
    handle.exec(`PRAGMA foreign_keys = ${areKept ? 1 : 0}`);
  }

  /** Ends every iteration; from now on every use throws, `reason` where one is given. Idempotent. */
  revoke(reason?: Error): void {
    // Its connection may have been closed for it a moment before.
    this.#revokeReason ??= reason;
    this.#handle = undefined;
    for (const iterator of this.#iterating) {
      try {
        iterator.return?.();
      } catch {
        // The handle is closed with what it was doing.
        this.#home.leftState();
      }
    }
    // libsql's iterators cannot be ended.
    for (const iterator of this.#iterating) if (iterator.return === undefined) this.#home.leftState();
    this.#iterating.clear();
  }

  #watch<T>(rule: StatementRule, work: () => T): T {
    try {
      return this.#transaction.run(rule, () => this.#home.watch(rule, work));
    } finally {
      if (!this.isInTransaction) this.rests++;
    }
  }

  #prepare(handle: DriverHandle, sql: string, rule: StatementRule): NativeStatement {
    const { prepared } = this.#home;
    const statement = handle.prepare(rule.text) as unknown as NativeStatement;
    if (prepared.size === MAX_STATEMENTS) {
      const [oldest] = prepared.keys();
      if (oldest !== undefined) prepared.delete(oldest);
    }
    prepared.set(sql, { rule, statement });
    return statement;
  }

  #open(): DriverHandle {
    if (this.#handle !== undefined) return this.#handle;
    if (this.#revokeReason !== undefined) throw this.#revokeReason;
    throw new LeaseEndedError('This database handle was given back, or its connection was closed.', {
      hint: 'Ask for one for each piece of work, and use it only until you release it.',
    });
  }
}

function allOf<T>(rows: Iterator<T>): Iterator<T> {
  return [...{ [Symbol.iterator]: () => rows }][Symbol.iterator]();
}
