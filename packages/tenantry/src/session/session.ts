import type { IsolationLevel, Parameter, Row } from '../engine/connection.js';
import type { Route } from '../tenant/tenant.js';

/** Limits of one call. */
export interface CallOptions {
  /** Cancels the statement at the server; the connection is destroyed. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the call, the wait for a connection included. Default: the tenant's `statementTimeoutMs`, else
   * `timeouts.queryMs`; for a transaction `timeouts.transactionMs`. */
  readonly timeoutMs?: number | undefined;
}

/** What a statement without rows did. */
export interface ExecuteResult {
  readonly affectedRows: number;
  /**
   * The generated key of the inserted row, where the database reports one (MySQL, SQLite): a bigint beyond 2^53. MySQL
   * does not say whether a column is signed, so a negative key that a statement gave by itself reads as unsigned.
   */
  readonly insertId: number | bigint | null;
}

/** Runs statements in one database. Placeholders are the database's own: `?`, on PostgreSQL `$1`. */
export interface Executor {
  /**
   * Runs one statement and gives its rows, with the values as the driver gives them.
   *
   * @example
   * ```ts
   * const users = await session.query<{ id: number }>('SELECT id FROM users WHERE name = ?', ['ada'])
   * ```
   */
  query<T extends object = Row>(
    sql: string,
    params?: readonly Parameter[],
    options?: CallOptions,
  ): Promise<T[]>;
  /** Runs one statement and says how many rows it changed. */
  execute(sql: string, params?: readonly Parameter[], options?: CallOptions): Promise<ExecuteResult>;
}

/** How a transaction runs. */
export interface TransactionOptions extends CallOptions {
  /** Default: the server's own. SQLite knows only `serializable`. */
  readonly isolationLevel?: IsolationLevel | undefined;
  /** Default false. */
  readonly readOnly?: boolean | undefined;
}

/** An executor that can also run several statements as one. */
export interface Transactor extends Executor {
  /**
   * Runs `fn` in a transaction: commits when it resolves, rolls back when it throws. The handle
   * that `fn` gets ends with it; a later use throws `LeaseEndedError`.
   *
   * @throws TransactionOutcomeUnknownError if the connection was lost after COMMIT was sent;
   * TransactionEndedError if the server ended the transaction before `fn` did: the handle ends with it.
   */
  transaction<T>(fn: (transaction: Executor) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

/**
 * A handle that reaches one tenant's data and no other. It holds no connection until it runs
 * something, so it needs no closing. It is bound to the tenant's (id, epoch) at its first use: when
 * the tenant is suspended, moved or deleted it ends with `SessionEndedError`.
 */
export interface Session extends Transactor {
  /** The name that it was asked for by. */
  readonly tenant: string;
  /**
   * Binds the session now and says what to. Throws what the first use would throw:
   * UnknownTenantError, TenantSuspendedError, CatalogUnavailableError, ...
   */
  ready(options?: CallOptions): Promise<Route>;
}
