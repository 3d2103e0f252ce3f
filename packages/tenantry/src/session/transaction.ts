import type { Parameter, Row, StatementResult } from '../engine/connection.js';
import type { Engine } from '../engine/engine.js';
import { assertStatement } from '../engine/parameters.js';
import {
  type ErrorKind,
  LeaseEndedError,
  QueryFailedError,
  TenancyError,
  TransactionEndedError,
  TransactionOutcomeUnknownError,
} from '../errors.js';
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
 * throws; the lease is left for the caller to end. Where the server ends the transaction before that, the
 * handle ends with it, and nobody is told that what came before was committed or rolled back if it was not.
 */
export async function runTransaction<T>(
  scope: TransactionScope,
  fn: (handle: Executor) => Promise<T>,
): Promise<T> {
  const handle = new TransactionHandle(scope);
  let value: T;
  try {
    value = await runWithin(scope.limit, scope.lease, handle.unlessTaken(Promise.resolve(handle).then(fn)));
    handle.end();
    await runWithin(scope.limit, scope.lease, handle.drain());
    handle.assertOpen();
  } catch (error) {
    handle.end(scope.lease.ended ? error : undefined);
    // A limit that was reached has taken the connection away already.
    if (!scope.lease.ended) {
      await handle.settled();
      await rollback(scope);
    }
    throw handle.meaningOf(error);
  }
  try {
    await commit(scope);
  } catch (error) {
    throw handle.becauseOf(error);
  }
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
  /** Since one that succeeded: where one that failed leaves nothing to go on with, it is why all that follows fails. */
  #firstFailure: QueryFailedError | undefined;
  #ended = false;
  /** Why it ended before its function did, if it did: its time was over, or its connection was taken away. */
  #endReason: unknown;
  /** How the server ended the transaction, if it did. */
  #endedEarly: EarlyEnd | undefined;

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
  end(reason?: unknown): void {
    this.#ended = true;
    this.#endReason ??= reason;
  }

  /** What the function comes to, unless its connection is taken away meanwhile, of which it need not learn by itself. */
  unlessTaken<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#scope.lease.onTaken(reject);
      work.then(resolve, reject);
    });
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

  /** @throws TransactionEndedError (`TENANTRY_TRANSACTION_ENDED`) if the server has ended the transaction. */
  assertOpen(): void {
    if (this.#endedEarly !== undefined) throw endedEarly(this.#scope.label, this.#endedEarly);
  }

  /** What the caller is to get for an error of the function: it stands for a roll-back, which may not be true. */
  meaningOf(error: unknown): unknown {
    const end = this.#endedEarly;
    if (end === undefined || end.isUndone || error instanceof TransactionEndedError) return error;
    return endedEarly(this.#scope.label, { ...end, error });
  }

  /** The same error, or that of the earlier statement that it comes of: the function may have swallowed that one. */
  becauseOf<E>(error: E): E | QueryFailedError {
    const first = this.#firstFailure;
    if (!(error instanceof QueryFailedError) || error.kind !== 'transaction-failed' || first === undefined)
      return error;
    return new QueryFailedError(
      `The transaction is rolled back, because an earlier statement of it had failed: ${first.message}`,
      {
        cause: first,
        kind: 'transaction-failed',
        tenant: this.#scope.label,
        hint: 'Let errors of its statements out of its function; after one nothing of it can be kept.',
      },
    );
  }

  #enqueue(
    sql: string,
    params: readonly Parameter[],
    options: CallOptions | undefined,
  ): Promise<StatementResult> {
    if (this.#ended) return Promise.reject(endedError(this.#scope.label, this.#endReason));
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
    assertStatement(sql, params);
    const own = new Limit(label, options, Math.min(queryMs, limit.remainingMs));
    own.assertRunning();
    this.assertOpen();
    try {
      const result = await runWithin(own, lease, lease.connection.query(sql, params));
      // What failed before was taken back: where that leaves nothing to go on with, only a return to a savepoint succeeds.
      this.#firstFailure = undefined;
      this.#look();
      return result;
    } catch (error) {
      const failure: TenancyError = this.becauseOf(statementError(engine, error, label));
      // Others were not refused by the server, and have left the transaction as it was.
      if (failure instanceof QueryFailedError) this.#firstFailure ??= failure;
      this.#look(failure);
      throw failure;
    }
  }

  /** Looks whether the transaction has survived its last statement. */
  #look(failure?: TenancyError): void {
    const { engine, lease } = this.#scope;
    if (lease.ended || lease.connection.isInTransaction()) return;
    // Where DDL commits, it does so even if it fails then.
    const rollsBack = engine.capabilities.transactionalDdl || ROLLS_BACK.has(failure?.kind);
    this.#endedEarly = { error: failure, kind: failure?.kind, isUndone: failure !== undefined && rollsBack };
  }
}

/** An end of a transaction that its function did not ask for. */
interface EarlyEnd {
  readonly error: unknown;
  readonly kind: ErrorKind | undefined;
  /** Whether all that it did is certainly undone. */
  readonly isUndone: boolean;
}

/** Errors that end a transaction by undoing it, if they end it. */
const ROLLS_BACK: ReadonlySet<ErrorKind | undefined> = new Set(['deadlock', 'lock-timeout']);

/** Commits. Where the answer never comes the outcome is unknown, and the caller is told just that. */
async function commit(scope: TransactionScope): Promise<void> {
  const { engine, lease, label, limit } = scope;
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
    await rollback(scope);
    throw statementError(engine, error, label);
  }
}

/** Rolls back if the connection is still there to do it; one that cannot is destroyed. */
async function rollback({ lease, label, queryMs }: TransactionScope): Promise<void> {
  try {
    // The transaction's own time may be up, or nearly; a server that swallows it must not keep the caller.
    await runWithin(new Limit(label, undefined, queryMs), lease, lease.connection.rollback());
  } catch {
    lease.destroy();
  }
}

function endedEarly(label: string, { error, kind, isUndone }: EarlyEnd): TransactionEndedError {
  const outcome = isUndone ? 'nothing of it is kept' : 'what it did before may be committed';
  return new TransactionEndedError(
    `The server ended the transaction of ${label} before its function did; ${outcome}.`,
    {
      cause: error,
      ...(kind === undefined ? {} : { kind }),
      tenant: label,
      hint: isUndone
        ? 'Run it again, and let errors of its statements out of its function.'
        : 'Keep DDL, BEGIN, COMMIT and ROLLBACK out of its function; look at what is there before you repeat it.',
    },
  );
}

function endedError(label: string, reason: unknown): LeaseEndedError {
  if (reason instanceof TenancyError) {
    return new LeaseEndedError(`The transaction of ${label} was rolled back: ${reason.message}`, {
      cause: reason,
      tenant: label,
      hint: reason.hint,
    });
  }
  return new LeaseEndedError(`The transaction of ${label} has ended.`, {
    tenant: label,
    hint: 'Await every statement inside the function that was given the transaction.',
  });
}
