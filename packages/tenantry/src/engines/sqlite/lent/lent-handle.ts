import { LeaseEndedError } from '../../../errors.js';
import type { DriverHandle, NativeStatement } from '../driver-handle.js';
import { checkDriverScript, checkDriverStatement, type StatementRule } from '../statement-rules.js';
import { asRefusal } from './refusal.js';

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
export class LentHandle {
  readonly #home: LentHandleHome;
  readonly #iterating = new Set<Iterator<unknown>>();
  #handle: DriverHandle | undefined;

  constructor(handle: DriverHandle, home: LentHandleHome) {
    this.#handle = handle;
    this.#home = home;
  }

  /** False once it was revoked. */
  get isLent(): boolean {
    return this.#handle !== undefined;
  }

  get inTransaction(): boolean {
    return this.#open().inTransaction;
  }

  /** Does work with a statement of this handle, prepared now or before. Throws InvalidInputError for what is refused. */
  use<T>(sql: string, work: (statement: NativeStatement) => T): T {
    const handle = this.#open();
    const known = this.#home.prepared.get(sql);
    const rule = known?.rule ?? asRefusal(() => checkDriverStatement(sql));
    return this.#home.watch(rule, () => work(known?.statement ?? this.#prepare(handle, sql, rule)));
  }

  /** Iterates over the rows of a statement of its own, which is prepared anew. */
  iterate<T>(sql: string, begin: (statement: NativeStatement) => Iterator<T>): Iterator<T> {
    const handle = this.#open();
    const rule = asRefusal(() => checkDriverStatement(sql));
    const start = () => begin(handle.prepare(rule.text) as unknown as NativeStatement);
    const watch = <R>(work: () => R): R => this.#home.watch(rule, work);
    // What it left can be told only when it is over.
    if (!rule.isPlain) return watch(() => allOf(start()));
    const iterator = watch(start);
    this.#iterating.add(iterator);
    return {
      next: () => {
        this.#open();
        const result = watch(() => iterator.next());
        if (result.done) this.#iterating.delete(iterator);
        return result;
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
      this.#home.watch(rule, () => {
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

  /** Ends every iteration; from now on every use throws. Idempotent. */
  revoke(): void {
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
    throw new LeaseEndedError('This database handle was given back.', {
      hint: 'Ask for one for each piece of work, and use it only until you release it.',
    });
  }
}

function allOf<T>(rows: Iterator<T>): Iterator<T> {
  return [...{ [Symbol.iterator]: () => rows }][Symbol.iterator]();
}
