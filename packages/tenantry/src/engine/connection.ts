import type { Identity } from '../tenant/tenant.js';
import type { LendOptions, LentClient } from './lent-client.js';
import type { PlaceOptions } from './place.js';

/** What a statement parameter may be. Arrays and objects are refused: drivers expand them into SQL. */
export type Parameter = string | number | bigint | boolean | null | Date | Uint8Array;

/** A row, with the values as the driver gives them. */
export type Row = Record<string, unknown>;

/** The answer to a statement. */
export interface StatementResult {
  readonly rows: Row[];
  /** Rows inserted, changed or deleted; 0 for statements that only read. */
  readonly affectedRows: number;
  /** The value that the server generated for the inserted row, where the engine reports one. */
  readonly insertId: number | bigint | null;
}

/** What a connection says of the database that it is connected to. */
export interface SaidOfItself {
  /** As {@link EngineConnection.currentDatabase} says it. */
  readonly database: string;
  /** As {@link EngineConnection.readIdentity} says it. */
  readonly identity: Identity | undefined;
}

/** What goes on on a connection, by the protocol, for whoever looks from time to time. */
export interface Activity {
  /** Whether something was sent that is not answered to its end, or waits to be sent. */
  readonly isBusy: boolean;
  /** Whether a transaction is open, by the last answer. */
  readonly isInTransaction: boolean;
  /** Answers that have come to their end, counted up. */
  readonly answers: number;
  /** Those of them after which no transaction was open. */
  readonly rests: number;
}

/** Who holds a connection. */
export interface Holder {
  /**
   * Asked before something runs that had to wait after it was sent for: its tenant may have changed meanwhile, or this
   * process stood still. Throws or rejects where it must not run any more; a promise where the catalog has to be asked.
   */
  confirm(): Promise<unknown> | undefined;
}

/** How a transaction begins. */
export interface BeginOptions {
  readonly readOnly?: boolean | undefined;
  readonly isolationLevel?: IsolationLevel | undefined;
}

/** SQL's isolation levels. SQLite knows only `serializable` and refuses the others. */
export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

/**
 * One connection to one database. Whoever holds it runs one statement at a time.
 *
 * It keeps no promises about outcomes: an error is the driver's own, and the holder asks
 * {@link EngineConnection.isClean} before it lets anybody else have the connection.
 */
export interface EngineConnection {
  /** The database that statements go to; follows {@link rebind} at once. */
  readonly database: string;

  /**
   * Which server this is: an opaque text that differs between server instances and the targets of a
   * failover. It was read from the server once, when the connection was opened. Left out where asking
   * costs about as much as proving the database, or leaves doubt: then each connection is certified.
   */
  readonly instance?: string | undefined;

  /**
   * Runs one statement. `signal` and `timeoutMs` are the holder's business, see {@link cancel}. `holder` is asked again
   * where this process itself waits before it sends the statement, as for a lock of SQLite's.
   */
  query(sql: string, params?: readonly Parameter[], holder?: Holder): Promise<StatementResult>;

  /** Begins a transaction; a writing one takes its lock at once where the engine has only one writer. */
  begin(options?: BeginOptions): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;

  /**
   * Whether a transaction is open, by the server's last word: true from {@link begin} until a statement, an
   * error or an end of it has come back with the word that none is. True when in doubt.
   */
  isInTransaction(): boolean;

  /**
   * Moves the connection to another place of the same sharing group (`Engine.sharingGroup`): a
   * database, or on PostgreSQL a part of its own, with nothing of the session left:
   * variables, temporary tables, locks, prepared statements, character set and time zone are as after
   * opening. Only where the engine gives the place a group.
   *
   * It sends nothing and does not wait. The move is written together with the next statement of any
   * kind, and is confirmed before that statement's result is given to anybody. If the move fails, the
   * connection is destroyed and the statement rejects with a `RebindFailedError`; it can never
   * run in the previous database. Until something is sent, another call replaces this one, and
   * {@link isClean} stays as it is.
   *
   * @throws NotSentError if the connection is known to be dead, is not clean, or cannot be moved with
   * certainty: take another connection.
   * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for a name that is no database's.
   */
  rebind?(database: string, place?: PlaceOptions): void;

  /**
   * Lends the driver's own client. One at a time, and nothing else runs on the connection meanwhile.
   * {@link isClean} knows of what was done with it: false while anything of it is under way.
   */
  lend(options?: LendOptions): LentClient;

  /**
   * What sends one statement by the driver's own client, for a pool of the driver's kind which runs that statement
   * itself and shows the client to nobody: so there is nothing to revoke, and it costs less than to {@link lend}. Its
   * shape is the engine's own. Left out where there is none.
   */
  sender?(): object | undefined;

  /** The name of the database that statements go to, as the server itself says it. */
  currentDatabase(): Promise<string>;

  /** What the database says it is, or undefined if it says nothing (no table, no row). */
  readIdentity(): Promise<Identity | undefined>;

  /** Both without waiting. Only where `capabilities.synchronous`. */
  identifyNow?(): SaidOfItself;

  /**
   * Whether somebody may have left something in the session that outlives a statement: a variable, a
   * temporary table, a lock, a prepared statement, another role. True when in doubt. Whoever gets
   * the connection next, the same tenant included, must get it {@link reset}. It may become true while the connection
   * is idle: where the server tells of a change. Where the session is bound to a part of its database, whatever ran in it is
   * in doubt.
   */
  isTouched(): boolean;

  /**
   * Makes the session what it was after opening, on the same database. Where the reset is written
   * ahead of the next statement (see {@link rebind}) it returns nothing and costs no round trip; else
   * it resolves when the server has confirmed it.
   *
   * @throws NotSentError, or rejects, if that cannot be done with certainty: the connection must be closed.
   */
  reset(): void | Promise<void>;

  /**
   * Whether the connection is provably idle by the protocol's own status: nothing sent that was
   * not answered, no transaction open, the socket (or handle) alive. False when in doubt.
   */
  isClean(): boolean;

  /** For whoever keeps the deadlines of the client that is lent now. Left out where nothing is known of what it does. */
  readonly activity?: Activity | undefined;

  /**
   * What is awaited of a lent client fails now with this error, and nothing that comes reaches its borrower any more.
   * The connection is good for nothing then but to {@link cancel}.
   */
  abandon?(error: Error): void;

  /**
   * Whether the server has answered that it takes no writes, though this connection is for writes: perhaps there is
   * another one for whoever connects anew. {@link isClean} is false then.
   */
  readonly isReadOnly?: boolean | undefined;

  /** Whether the driver knows of no end of this connection. */
  isAlive(): boolean;

  /** Calls once when the connection ends without being asked to, while idle or in use. */
  onLost(listener: (error: Error) => void): void;

  /** One cheap round trip. */
  ping(): Promise<void>;

  /**
   * Cancels the running statement at the server and then destroys the connection, so that a late
   * cancel cannot hit anybody else. Resolves when both are done or `timeoutMs` has passed; never
   * rejects. Where the engine cannot cancel it only destroys.
   */
  cancel(timeoutMs: number): Promise<void>;

  /** Says goodbye and closes; resolves when the server cannot count the connection any more, or after a second. Never rejects. */
  close(): Promise<void>;

  /** Closes at once, whatever is under way; pending statements reject. Idempotent, never throws. */
  destroy(): void;
}
