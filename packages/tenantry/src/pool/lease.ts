import type { EngineConnection } from '../engine/connection.js';
import type { ConnectionLease } from '../engine/connection-source.js';
import { LeaseEndedError, StatementTimeoutError, type TenancyError } from '../errors.js';
import { type LentLimits, LentUse } from './lent-watch.js';

/** What a pool knows of one of its connections. */
export interface PooledConnection {
  readonly connection: EngineConnection;
  /** Whose it is now, and at which epoch. Changes only when the connection is rebound. */
  key: string;
  /** Its tenant's name, for messages. */
  label: string;
  epoch: number;
  /** Among which connections it can be moved; undefined if it belongs to its place for life. */
  readonly group: string | undefined;
  /** When it was opened. All times are milliseconds of the monotonic clock. */
  readonly openedAt: number;
  /** Since when its place is taken for whom it is leased to: connecting is on the account of who asked for it. */
  leasedAt: number;
  /** When it became idle. */
  idleSince: number;
  /** Set while its own client is lent. */
  lent?: LentUse | undefined;
  /** Told when it is lost; asks itself whether its lease still runs. */
  onLost?: ((error: Error) => void) | undefined;
  /** Ends its lease, because the pool takes it away. Set while whoever has the lease must be told. */
  onTaken?: ((reason: TenancyError) => void) | undefined;
}

/** Where a lease goes when it ends. */
export interface LeaseHome {
  giveBack(pooled: PooledConnection): void;
  discard(pooled: PooledConnection): void;
  /** `isSilent`: because an answer has not come in time. */
  cancel(pooled: PooledConnection, isSilent: boolean): void;
  /** The connection is lent from now on. */
  lent(): void;
}

/** A connection in somebody's hands, until the first of its ends. */
export class Lease implements ConnectionLease {
  #pooled: PooledConnection | undefined;
  readonly #home: LeaseHome;

  constructor(home: LeaseHome, pooled: PooledConnection) {
    this.#home = home;
    this.#pooled = pooled;
  }

  /** Whether it was released, destroyed or cancelled. */
  get ended(): boolean {
    return this.#pooled === undefined;
  }

  get connection(): EngineConnection {
    if (this.#pooled !== undefined) return this.#pooled.connection;
    throw new LeaseEndedError('This connection was given back and may serve another tenant now.', {
      hint: 'Do not keep a connection, or a transaction, beyond the function that was given it.',
    });
  }

  /** Calls once if the connection is lost before the lease ends; another call replaces this one. */
  onLost(listener: (error: Error) => void): void {
    const pooled = this.#pooled;
    if (pooled === undefined) return;
    pooled.onLost = (error) => {
      if (this.#pooled === pooled) listener(error);
    };
  }

  /**
   * Calls once if the pool takes the connection away before the lease ends; another call replaces this one. For whoever
   * may wait for something else than the connection, and would not learn of it.
   */
  onTaken(listener: (reason: TenancyError) => void): void {
    const pooled = this.#pooled;
    if (pooled === undefined) return;
    pooled.onTaken = (reason) => {
      const isLent = pooled.lent !== undefined;
      this.#end();
      if (isLent) abandon(pooled, reason);
      listener(reason);
    };
  }

  /** What holds while the connection's own client is in somebody's hands. */
  limit(limits: LentLimits): void {
    const pooled = this.#pooled;
    if (pooled === undefined) return;
    pooled.lent = new LentUse(pooled.connection.activity, limits);
    this.#home.lent();
  }

  release(): void {
    const pooled = this.#end();
    if (pooled !== undefined) this.#home.giveBack(pooled);
  }

  destroy(): void {
    const pooled = this.#end();
    if (pooled !== undefined) this.#home.discard(pooled);
  }

  /**
   * Cancels what the connection is doing, at the server where that is possible, and destroys it. Where its client is
   * lent, whoever awaits something of it gets `reason` at once.
   */
  cancel(reason?: Error): void {
    const pooled = this.#pooled;
    if (pooled === undefined) return;
    const isLent = pooled.lent !== undefined;
    const { activity } = pooled.connection;
    // A transaction that was open for too long says nothing of the server.
    const isSilent = reason instanceof StatementTimeoutError && (activity === undefined || activity.isBusy);
    this.#end();
    if (isLent && reason !== undefined) abandon(pooled, reason);
    this.#home.cancel(pooled, isSilent);
  }

  #end(): PooledConnection | undefined {
    const pooled = this.#pooled;
    this.#pooled = undefined;
    if (pooled !== undefined) {
      pooled.lent = undefined;
      pooled.onTaken = undefined;
    }
    return pooled;
  }
}

/** Tells whoever awaits something of a lent client. */
function abandon({ connection }: PooledConnection, reason: Error): void {
  try {
    connection.abandon?.(reason);
  } catch (error) {
    // A borrower's callback threw: that is told as if its driver had called it, and does not keep the connection.
    process.nextTick(() => {
      throw error;
    });
  }
}
