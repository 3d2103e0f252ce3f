import type { Holder, IsolationLevel, Parameter, Row, StatementResult } from '../engine/connection.js';
import type { Engine } from '../engine/engine.js';
import { assertStatement } from '../engine/parameters.js';
import { InvalidOptionError } from '../errors.js';
import { assertFlag, assertFunction } from '../input/call-options.js';
import type { Lease } from '../pool/lease.js';
import { transactionLeftOpen } from './left-open.js';
import { Limit } from './limit.js';
import type { CallOptions, ExecuteResult, Executor, TransactionOptions, Transactor } from './session.js';
import { maySendAgain, runWithin, statementError } from './statement.js';
import { runTransaction } from './transaction.js';

const TRANSACTION_KEYS = ['signal', 'timeoutMs', 'isolationLevel', 'readOnly'];
const ISOLATION_LEVELS: readonly IsolationLevel[] = ['read committed', 'repeatable read', 'serializable'];

/** Where a {@link PooledExecutor} gets its connections. */
export interface LeaseSource extends Holder {
  /** Whose they are, for messages. */
  readonly label: string;
  /** Milliseconds for one statement and for one transaction, where the caller names none. */
  readonly queryMs: number;
  readonly transactionMs: number;
  /** That of the run to which they belong: ends what is under way. */
  readonly runSignal?: AbortSignal | undefined;
  /** An idle connection at once, or one later, within the limit. */
  lease(limit: Limit): Lease | Promise<Lease>;
  /** The engine of the connections; asked for only while one is held. */
  engine(): Engine;
}

/** Runs each statement on a leased connection, and gives the lease back however it ends. */
export class PooledExecutor implements Transactor {
  readonly #source: LeaseSource;

  constructor(source: LeaseSource) {
    this.#source = source;
  }

  query<T extends object = Row>(
    sql: string,
    params?: readonly Parameter[],
    options?: CallOptions,
  ): Promise<T[]> {
    return this.#run(sql, params, options, ({ rows }) => rows as T[]);
  }

  execute(sql: string, params?: readonly Parameter[], options?: CallOptions): Promise<ExecuteResult> {
    return this.#run(sql, params, options, ({ affectedRows, insertId }) => ({ affectedRows, insertId }));
  }

  async transaction<T>(fn: (handle: Executor) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const source = this.#source;
    const limit = new Limit(source.label, options, source.transactionMs, TRANSACTION_KEYS, source.runSignal);
    assertFunction('transaction', fn);
    assertBeginOptions(options);
    limit.assertRunning();
    const lease = await this.#begin(limit, options);
    try {
      const { label, queryMs } = source;
      return await runTransaction({ engine: source.engine(), lease, label, limit, queryMs }, fn);
    } finally {
      lease.release();
    }
  }

  async #run<T>(
    sql: string,
    params: readonly Parameter[] | undefined,
    options: CallOptions | undefined,
    pick: (result: StatementResult) => T,
  ): Promise<T> {
    const source = this.#source;
    const limit = new Limit(source.label, options, source.queryMs, undefined, source.runSignal);
    assertStatement(sql, params);
    limit.assertRunning();
    for (let attempt = 1; ; attempt++) {
      const found = source.lease(limit);
      const lease = found instanceof Promise ? await found : found;
      // Whose limits hold may be known only now.
      limit.defaultTo(source.queryMs);
      try {
        const result = await runWithin(limit, lease, lease.connection.query(sql, params, source));
        const leftOpen = transactionLeftOpen(lease, source.label);
        if (leftOpen !== undefined) throw leftOpen;
        return pick(result);
      } catch (error) {
        if (attempt === 1 && maySendAgain(source.engine(), error, source.engine().isRead(sql))) continue;
        throw statementError(source.engine(), error, source.label);
      } finally {
        lease.release();
      }
    }
  }

  /** A lease on which a transaction has begun. */
  async #begin(limit: Limit, options: TransactionOptions): Promise<Lease> {
    const source = this.#source;
    for (let attempt = 1; ; attempt++) {
      const lease = await source.lease(limit);
      try {
        await runWithin(limit, lease, lease.connection.begin(options));
        // It may have waited for a lock, or for its answer while this process stood still.
        const confirming = source.confirm();
        if (confirming !== undefined) await runWithin(limit, lease, confirming);
        return lease;
      } catch (error) {
        lease.destroy();
        if (attempt === 1 && maySendAgain(source.engine(), error, true)) continue;
        throw statementError(source.engine(), error, source.label);
      }
    }
  }
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) */
function assertBeginOptions({ readOnly, isolationLevel }: TransactionOptions): void {
  assertFlag('transaction', 'readOnly', readOnly);
  if (isolationLevel === undefined || ISOLATION_LEVELS.includes(isolationLevel)) return;
  throw new InvalidOptionError(
    'The option isolationLevel of transaction is not one of those that there are.',
    {
      hint: `There are: ${ISOLATION_LEVELS.join(', ')}.`,
    },
  );
}
