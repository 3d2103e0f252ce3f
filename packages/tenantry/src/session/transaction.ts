import type { Parameter, Row, StatementResult } from '../engine/connection.js';
import type { Engine } from '../engine/engine.js';
import { LeaseEndedError, TenancyError, TransactionOutcomeUnknownError } from '../errors.js';
import type { Lease } from '../pool/lease.js';
import { Limit } from './limit.js';
import type { CallOptions, ExecuteResult, Executor } from './session.js';
import { runWithin, statementError } from './statement.js';

/** Where and for how long a transaction runs. */
export interface TransactionScope {
  readonly engine: Engine;
  readonly lease: Lease;
  /** Whose it is, for messages. */
  readonly label: string;
  /** The transaction's own limit. */
  readonly limit: Limit;
  /** Milliseconds for each of its statements. */
  readonly queryMs: number;
}

/**
 * Runs `fn` in a transaction that has begun. Commits when `fn` resolves and rolls back when it
 * throws; the lease is left for the caller to end.
 */
export async function runTransaction<T>(
  scope: TransactionScope,
  fn: (handle: Executor) => Promise<T>,
): Promise<T> {
  const handle = new TransactionHandle(scope);
  let value: T;
  try {
    value = await runWithin(scope.limit, scope.lease, Promise.resolve(handle).then(fn));
    handle.end();
    await runWithin(scope.limit, scope.lease, handle.drain());
  } catch (error) {
    handle.end();
    // A limit that was reached has taken the connection away already.
    if (!scope.lease.ended) {
      await handle.settled();
      await rollback(scope.lease);
    }
    throw error;
  }
  await commit(scope);
  return value;
}

/**
 * What `transaction(fn)` hands to `fn`: statements on one connection, one after the other, until
 * the transaction ends. Calls made at the same time queue up in their order.
 */
class TransactionHandle implements Executor {
  readonly #scope: TransactionScope;
  #tail: Promise<void> = Promise.resolve();
  #unfinished = 0;
  #unseenFailure: unknown;
  #ended = false;

  constructor(scope: TransactionScope) {
    this.#scope = scope;
  }

  async query<T extends object = Row>(
    sql: string,
    params?: readonly Parameter[],
    options?: CallOptions,
  ): Promise<T[]> {
    return (await this.#enqueue(sql, params ?? [], options)).rows as T[];
  }

  async execute(sql: string, params?: readonly Parameter[], options?: CallOptions): Promise<ExecuteResult> {
    const { affectedRows, insertId } = await this.#enqueue(sql, params ?? [], options);
    return { affectedRows, insertId };
  }

  /** No statement is taken from now on. */
  end(): void {
    this.#ended = true;
  }

  /** Resolves when no statement is under way; never rejects. */
  settled(): Promise<void> {
    return this.#tail;
  }

  /** Waits for the statements that `fn` did not wait for; throws the error of one that failed, which nobody may have seen. */
  async drain(): Promise<void> {
    if (this.#unfinished === 0) return;
    this.#unseenFailure = undefined;
    await this.#tail;
    if (this.#unseenFailure !== undefined) throw this.#unseenFailure;
  }

  #enqueue(
    sql: string,
    params: readonly Parameter[],
    options: CallOptions | undefined,
  ): Promise<StatementResult> {
    if (this.#ended) return Promise.reject(endedError(this.#scope.label));
    this.#unfinished++;
    const result = this.#tail.then(() => this.#run(sql, params, options));
    this.#tail = result.then(
      () => {
        this.#unfinished--;
      },
      (error: unknown) => {
        this.#unfinished--;
        this.#unseenFailure = error;
      },
    );
    return result;
  }

  async #run(
    sql: string,
    params: readonly Parameter[],
    options: CallOptions | undefined,
  ): Promise<StatementResult> {
    const { engine, lease, label, limit, queryMs } = this.#scope;
    const own = new Limit(label, options, Math.min(queryMs, limit.remainingMs));
    own.assertRunning();
    try {
      return await runWithin(own, lease, lease.connection.query(sql, params));
    } catch (error) {
      throw statementError(engine, error, label);
    }
  }
}

/** Commits. Where the answer never comes the outcome is unknown, and the caller is told just that. */
async function commit({ engine, lease, label, limit }: TransactionScope): Promise<void> {
  try {
    await runWithin(limit, lease, lease.connection.commit());
  } catch (error) {
    const isOurs = error instanceof TenancyError;
    const kind = isOurs ? 'connection-lost' : engine.classifyError(error);
    if (isOurs || kind === 'connection-lost' || kind === 'killed') {
      lease.destroy();
      throw new TransactionOutcomeUnknownError(`COMMIT was sent for ${label} and its answer never came.`, {
        cause: error,
        kind,
        tenant: label,
        hint: 'The transaction may or may not have been committed; look before you repeat it.',
      });
    }
    await rollback(lease);
    throw statementError(engine, error, label);
  }
}

/** Rolls back if the connection is still there to do it; one that cannot is destroyed. */
async function rollback(lease: Lease): Promise<void> {
  try {
    await lease.connection.rollback();
  } catch {
    lease.destroy();
  }
}

function endedError(label: string): LeaseEndedError {
  return new LeaseEndedError(`The transaction of ${label} has ended.`, {
    tenant: label,
    hint: 'Await every statement inside the function that was given the transaction.',
  });
}
