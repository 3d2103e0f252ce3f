import { Readable } from 'node:stream';
import { lentHandleOf } from '../../engines/sqlite/lent/index.js';
import { LeaseEndedError } from '../../errors.js';
import type { ClientLease } from '../../session/clients.js';
import { WaitingHandle } from './waiting-handle.js';

/** What is used here of TypeORM's query runner for better-sqlite3. */
export interface QueryRunner {
  isReleased: boolean;
  readonly transactionDepth: number;
  readonly dataSource: {
    readonly logger: { logQuery(sql: string, parameters: readonly unknown[], runner: object): void };
  };
  connect(): Promise<unknown>;
  release(): Promise<void>;
  query(sql: string, parameters?: readonly unknown[], useStructuredResult?: boolean): Promise<unknown>;
  startTransaction(isolationLevel?: string): Promise<void>;
  commitTransaction(): Promise<void>;
  rollbackTransaction(): Promise<void>;
  stream(sql: string, parameters?: readonly unknown[], onEnd?: () => void, onError?: () => void): unknown;
  beforeMigration(): Promise<void>;
  afterMigration(): Promise<void>;
}

/** Its class. */
export type QueryRunnerClass = new (driver: object) => QueryRunner;

/** Where a runner's handle comes from, and how long it is kept. Milliseconds. */
export interface Leasing {
  /** A handle of the tenant in context. */
  acquire(): Promise<ClientLease>;
  readonly busyTimeoutMs: number;
  readonly idleMs: number;
}

/** What TypeORM says to a file, and what is meant here. */
const IN_OUR_WORDS: ReadonlyMap<string, string> = new Map([
  // A writer takes its lock at once, so that no statement of it can find its snapshot too old.
  ['BEGIN TRANSACTION', 'BEGIN IMMEDIATE'],
  // Every transaction is serializable, as this asks for; handles share no cache, so there is nothing to turn off.
  ['PRAGMA read_uncommitted = false', 'SELECT 1 WHERE 0'],
]);

/**
 * TypeORM's query runner on a handle of its own: it leases one of the tenant's at its first use, and gives it
 * back when it is released, as TypeORM's runners for servers do. TypeORM's own has the one file that its
 * driver opened, and there is one runner for everybody.
 */
export function leasedQueryRunner(
  Base: QueryRunnerClass,
  { acquire, busyTimeoutMs, idleMs }: Leasing,
): QueryRunnerClass {
  return class LeasedQueryRunner extends Base {
    #leasing: Promise<WaitingHandle> | undefined;
    #handle: WaitingHandle | undefined;
    #idle: NodeJS.Timeout | undefined;

    override async connect(): Promise<unknown> {
      return (await this.#lease()).database;
    }

    override async release(): Promise<void> {
      this.isReleased = true;
      clearTimeout(this.#idle);
      this.#idle = undefined;
      this.#handle?.release();
    }

    /**
     * TypeORM's own, which logs, tells subscribers and wraps errors. What it asks for as a prepared statement
     * has run by then: between preparing and running it waits for nothing, and a lock must be waited for.
     */
    override query(sql: string, parameters: readonly unknown[] = [], useStructuredResult = false) {
      const getStmt = async (text: string) => {
        const values = parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value));
        const result = await this.#run(IN_OUR_WORDS.get(text) ?? text, values);
        return { reader: !('changes' in result), all: () => result, run: () => result };
      };
      // For this call only: a runner may have several under way.
      const call = Object.create(this, { getStmt: { value: getStmt } }) as this;
      return super.query.call(call, sql, parameters, useStructuredResult);
    }

    override async startTransaction(isolationLevel?: string): Promise<void> {
      await super.startTransaction(isolationLevel);
      this.#handle?.began();
    }

    override commitTransaction(): Promise<void> {
      this.#endsOutermost();
      return super.commitTransaction();
    }

    override rollbackTransaction(): Promise<void> {
      this.#endsOutermost();
      return super.rollbackTransaction();
    }

    /** TypeORM has no streams on SQLite; they cost nothing here, since the handle is the runner's own. */
    override async stream(
      sql: string,
      parameters: readonly unknown[] = [],
      onEnd?: () => void,
      onError?: () => void,
    ): Promise<Readable> {
      const { database } = await this.#lease();
      this.dataSource.logger.logQuery(sql, parameters, this);
      const touch = () => this.#idle?.refresh();
      const rows = function* () {
        for (const row of database.prepare(sql).iterate(...parameters)) {
          touch();
          yield row;
        }
      };
      const stream = Readable.from(rows());
      // Whether it was read to its end, failed, or was left early.
      return stream.once('close', () => (stream.errored === null ? onEnd?.() : onError?.()));
    }

    override beforeMigration(): Promise<void> {
      return this.#keepForeignKeys(false);
    }

    override afterMigration(): Promise<void> {
      return this.#keepForeignKeys(true);
    }

    async #run(sql: string, values: readonly unknown[]) {
      const handle = await this.#lease();
      this.#idle?.refresh();
      return handle.send(sql, values);
    }

    async #keepForeignKeys(areKept: boolean): Promise<void> {
      const { database } = await this.#lease();
      lentHandleOf(database).keepForeignKeys(areKept);
    }

    /** Those inside of it are savepoints. */
    #endsOutermost(): void {
      if (this.transactionDepth <= 1) this.#handle?.ends();
    }

    #lease(): Promise<WaitingHandle> {
      if (this.isReleased) return Promise.reject(released());
      this.#leasing ??= this.#acquire();
      return this.#leasing;
    }

    async #acquire(): Promise<WaitingHandle> {
      const handle = new WaitingHandle(await acquire(), busyTimeoutMs);
      if (this.isReleased) {
        handle.release();
        throw released();
      }
      this.#handle = handle;
      this.#idle = setTimeout(() => {
        if (handle.waiting) this.#idle?.refresh();
        else handle.destroy();
      }, idleMs).unref();
      return handle;
    }
  };
}

function released(): LeaseEndedError {
  return new LeaseEndedError('This query runner was released.', {
    hint: 'Make one for each piece of work: dataSource.createQueryRunner().',
  });
}
