import { performance } from 'node:perf_hooks';
import type { EngineConnection } from '../engine/connection.js';
import type { LeaseHome, PooledConnection } from './lease.js';
import type { PoolConnections } from './pool-connections.js';
import type { PoolCounters } from './stats.js';

/** How long a cancel may take before the connection is destroyed without one. */
const CANCEL_MS = 2000;

/** What becomes of leases needs of its pool. */
export interface ReturnsHome {
  readonly connections: PoolConnections;
  readonly counters: PoolCounters;
  /** Whether there is a place for what cancelling takes. */
  readonly canCancel: boolean;
  /** How long a reset may take. */
  readonly resetMs: number;
  /** A lease has ended after so many milliseconds. */
  ended(key: string, heldMs: number): void;
  /** A clean connection that nobody holds any more. */
  keep(pooled: PooledConnection): void;
  /** Called when a place has become free. */
  changed(): void;
}

/** What becomes of a connection that comes back: kept if it is provably clean, reset first if need be, else closed. */
export class Returns implements LeaseHome {
  readonly #home: ReturnsHome;
  readonly #connections: PoolConnections;
  #cancelling: Promise<void> = Promise.resolve();

  constructor(home: ReturnsHome) {
    this.#home = home;
    this.#connections = home.connections;
  }

  giveBack(pooled: PooledConnection): void {
    if (!this.#endLease(pooled)) return;
    const { connection } = pooled;
    if (!connection.isClean()) this.#discardDoubtful(connection);
    else if (connection.isTouched()) this.#reset(pooled);
    else this.#home.keep(pooled);
  }

  discard(pooled: PooledConnection): void {
    if (this.#endLease(pooled)) this.#connections.close(pooled.connection);
  }

  cancel(pooled: PooledConnection): void {
    if (!this.#endLease(pooled)) return;
    this.#home.counters.cancels++;
    if (!this.#home.canCancel) {
      pooled.connection.destroy();
      this.#connections.close(pooled.connection);
      return;
    }
    // One at a time: the budget keeps a single connection for cancelling.
    const before = this.#cancelling;
    this.#cancelling = this.#connections
      .whileClosing(() => before.then(() => pooled.connection.cancel(CANCEL_MS)))
      .then(() => this.#home.changed());
  }

  #endLease(pooled: PooledConnection): boolean {
    if (!this.#connections.inUse.delete(pooled)) return false;
    this.#home.ended(pooled.key, performance.now() - pooled.leasedAt);
    return true;
  }

  /** Makes nothing of what the last borrower left reach the next, of the same tenant included. */
  #reset(pooled: PooledConnection): void {
    const { connection } = pooled;
    this.#home.counters.resets++;
    let underWay: void | Promise<void>;
    try {
      underWay = connection.reset();
    } catch {
      this.#discardDoubtful(connection);
      return;
    }
    if (underWay === undefined) this.#home.keep(pooled);
    else void this.#keepOnce(pooled, underWay);
  }

  /** Keeps a connection when its reset is confirmed. Never rejects. */
  async #keepOnce(pooled: PooledConnection, reset: Promise<void>): Promise<void> {
    const { connection } = pooled;
    const { resetting } = this.#connections;
    resetting.add(connection);
    const deadline = setTimeout(() => connection.destroy(), this.#home.resetMs);
    const isReset = await reset.then(
      () => connection.isClean(),
      () => false,
    );
    clearTimeout(deadline);
    resetting.delete(connection);
    if (isReset) this.#home.keep(pooled);
    else this.#discardDoubtful(connection);
  }

  #discardDoubtful(connection: EngineConnection): void {
    this.#home.counters.doubtful++;
    this.#connections.close(connection);
  }
}
