import { LeaseEndedError } from '../../../errors.js';
import type { DriverHandle, NativeStatement } from '../driver-handle.js';
import { checkDriverScript, checkDriverStatement } from '../statement-rules.js';
import { asRefusal } from './refusal.js';

/** Statements kept prepared on each handle, besides those of sessions. */
const MAX_STATEMENTS = 64;

/** What a handle's connection learns of what is done with it. */
export interface LentHandleHome {
  /** Prepared statements of this handle's generation; they end with it. */
  readonly prepared: Map<string, NativeStatement>;
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

  /** A statement of this handle, prepared now or before. Throws InvalidInputError for what is refused. */
  statement(sql: string): NativeStatement {
    const handle = this.#open();
    const { prepared } = this.#home;
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#prepare(handle, sql);
    if (prepared.size === MAX_STATEMENTS) {
      const [oldest] = prepared.keys();
      if (oldest !== undefined) prepared.delete(oldest);
    }
    prepared.set(sql, statement);
    return statement;
  }

  /** Iterates over the rows of a statement of its own, which is prepared anew. */
  iterate<T>(sql: string, begin: (statement: NativeStatement) => Iterator<T>): Iterator<T> {
    const iterator = begin(this.#prepare(this.#open(), sql));
    this.#iterating.add(iterator);
    return {
      next: () => {
        this.#open();
        const result = iterator.next();
        if (result.done) this.#iterating.delete(iterator);
        return result;
      },
      return: () => {
        this.#iterating.delete(iterator);
        return iterator.return?.() ?? { done: true, value: undefined };
      },
    };
  }

  /** Runs every statement of a text. Throws InvalidInputError for what is refused; then none was run. */
  exec(script: string): void {
    const handle = this.#open();
    if (asRefusal(() => checkDriverScript(script))) this.#home.leftState();
    handle.exec(script);
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

  #prepare(handle: DriverHandle, sql: string): NativeStatement {
    const rule = asRefusal(() => checkDriverStatement(sql));
    const statement = handle.prepare(sql) as unknown as NativeStatement;
    if (rule.leavesState) this.#home.leftState();
    return statement;
  }

  #open(): DriverHandle {
    if (this.#handle !== undefined) return this.#handle;
    throw new LeaseEndedError('This database handle was given back.', {
      hint: 'Ask for one for each piece of work, and use it only until you release it.',
    });
  }
}
