import type { BeginOptions, IsolationLevel } from '../../engine/connection.js';
import { memoByText } from '../../engine/text-memo.js';
import { InvalidParameterError } from '../../errors.js';
import { serverErrorNumber } from './errors.js';
import { isInTransaction, ServerStatus } from './status.js';
import type { Wire } from './wire.js';

const ISOLATION_LEVELS: ReadonlyMap<IsolationLevel, string> = new Map([
  ['read committed', 'READ COMMITTED'],
  ['repeatable read', 'REPEATABLE READ'],
  ['serializable', 'SERIALIZABLE'],
]);

/** A savepoint ends with its transaction, so it is there only as long as that. */
const MARK = 'tenantry_transaction';

/**
 * Whether a statement could end a transaction and begin another one, so that the server's status tells of a transaction
 * before and after it. Nothing does that without one of these words; also a procedure and what is prepared are called
 * by one, and locks on tables are, without autocommit, a transaction themselves. Statements on rows cannot, nor what
 * goes back to a savepoint; they are known by what they begin with, after comments that every server reads as such.
 */
const mayBeginAnother = memoByText((sql) => WORD.test(sql) && !CANNOT.test(sql));
const WORD = /begin|start|commit|rollback|call|execute|lock/i;
const CANNOT =
  /^(?:[\s(]|\/\*[\w :;,.=&?'"-]*\*\/|(?:-- |#)[^\n\r]*\n)*(?:(?:select|insert|update|delete|replace|with|values)\b|(?:rollback\s+(?:work\s+)?to|release|savepoint)\s)/i;

/** The transaction that a connection begins for its own sake, from the start to what ends it. */
export class OwnTransaction {
  readonly #wire: Wire;
  readonly #run: (sql: string) => Promise<unknown>;
  /** What was begun here, and what a statement put in its place. */
  #state: 'none' | 'ours' | 'another' = 'none';

  constructor(wire: Wire, run: (sql: string) => Promise<unknown>) {
    this.#wire = wire;
    this.#run = run;
  }

  async begin({ readOnly = false, isolationLevel }: BeginOptions = {}): Promise<void> {
    if (isolationLevel === undefined) return this.#start(readOnly);
    const level = ISOLATION_LEVELS.get(isolationLevel);
    if (level === undefined) {
      throw new InvalidParameterError(`There is no isolation level ${JSON.stringify(isolationLevel)}.`, {
        hint: `Use one of: ${[...ISOLATION_LEVELS.keys()].join(', ')}.`,
      });
    }
    // Without SESSION it holds for the next transaction only, so it leaves nothing behind...
    await this.#run(`SET TRANSACTION ISOLATION LEVEL ${level}`);
    try {
      await this.#start(readOnly);
    } catch (error) {
      // ...unless that transaction never begins.
      this.#wire.leaves('values');
      throw error;
    }
  }

  async commit(): Promise<void> {
    // The server would say OK, and the caller would take what was undone for done.
    if (!this.isOpen) throw new Error('There is no transaction to commit: it has ended before.');
    this.#state = 'none';
    await this.#run('COMMIT');
  }

  async rollback(): Promise<void> {
    this.#state = 'none';
    await this.#run('ROLLBACK');
  }

  /** Whether a transaction is open, and not one that a statement began in the place of ours. */
  get isOpen(): boolean {
    if (this.#state === 'another') return false;
    return isInTransaction(this.#wire.status.flags ?? ServerStatus.inTransaction);
  }

  /** Whether it was begun here, and nothing has ended it. */
  get isOurs(): boolean {
    return this.#state === 'ours';
  }

  /** Whether a statement is to be run by {@link watch}. */
  mayEndBy(sql: string): boolean {
    return this.#state === 'ours' && mayBeginAnother(sql);
  }

  /**
   * Runs a statement that may put another transaction in the place of this one, with a savepoint before it, in the same
   * write. Where the server says afterwards that it is gone, whether or not the statement failed, this one has ended.
   */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    this.#wire.sendAhead(`SAVEPOINT ${MARK}`);
    try {
      return await work();
    } finally {
      if (this.isOpen && !(await this.#isMarked())) this.#state = 'another';
    }
  }

  #isMarked(): Promise<boolean> {
    return this.#run(`RELEASE SAVEPOINT ${MARK}`).then(
      () => true,
      // Where no answer comes, the connection is lost, and that is what to tell.
      (error: unknown) => serverErrorNumber(error) === undefined,
    );
  }

  async #start(readOnly: boolean): Promise<void> {
    await this.#run(readOnly ? 'START TRANSACTION READ ONLY' : 'START TRANSACTION');
    this.#state = 'ours';
  }
}
