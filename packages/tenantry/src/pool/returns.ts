import { performance } from 'node:perf_hooks';
import type { EngineConnection } from '../engine/connection.js';
import type { CloseReason } from '../observe/events.js';
import type { LeaseHome, PooledConnection } from './lease.js';
import { LentWatch } from './lent-watch.js';
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
  /** Whether there is a place for one cancel at a time only. */
  readonly cancelsInTurn: boolean;
  /** How long a reset may take. */
  readonly resetMs: number;
  /** No answer has come in time: those that are idle may lead nowhere too. */
  suspect(): void;
  /** The server takes no writes any more: the others lead to it too, and an answer of theirs would not show it. */
  condemn(): void;
  /** The place that a lease took is free for somebody else. */
  ended(pooled: PooledConnection): void;
  /** A clean connection that nobody holds any more. */
  keep(pooled: PooledConnection): void;
  /** Called when a place has become free. */
  changed(): void;
}

/**
 * What becomes of a connection that comes back: kept if it is provably clean, reset first if need be,
 * else closed. Until then its place is on its tenant's account, so that nobody takes more places than
 * its own by connections that are long in coming clean.
 */
export class Returns implements LeaseHome {
  readonly #home: ReturnsHome;
  readonly #connections: PoolConnections;
  readonly #lent: LentWatch;
  #cancelling: Promise<void> = Promise.resolve();

  constructor(home: ReturnsHome) {
    this.#home = home;
    this.#connections = home.connections;
    this.#lent = new LentWatch(home.connections.inUse);
  }

  giveBack(pooled: PooledConnection): void {
    if (!this.#connections.inUse.delete(pooled)) return;
    const { connection } = pooled;
    if (connection.isReadOnly) this.#home.condemn();
    if (!connection.isClean()) this.#discardDoubtful(pooled);
    else if (connection.isTouched()) this.#reset(pooled);
    else this.#keep(pooled);
  }

  discard(pooled: PooledConnection): void {
    if (!this.#connections.inUse.delete(pooled)) return;
    const { connection } = pooled;
    if (connection.isReadOnly) this.#home.condemn();
    // Closed alone, a statement that is under way would go on at the server, with its locks and beyond the budget.
    if (connection.activity?.isBusy && connection.isAlive()) this.#cancel(pooled);
    else void this.#end(pooled, 'discarded', () => connection.close());
  }

  cancel(pooled: PooledConnection, isSilent: boolean): void {
    if (!this.#connections.inUse.delete(pooled)) return;
    if (isSilent) this.#home.suspect();
    this.#cancel(pooled);
  }

  lent(): void {
    this.#lent.start();
  }

  /** Resets one that was idle, for which no place is on anybody's account. Never rejects. */
  async renew(pooled: PooledConnection): Promise<void> {
    this.#home.counters.resets++;
    const { connection } = pooled;
    const reset = (async () => connection.reset())();
    if (await this.#isConfirmed(connection, reset)) this.#home.keep(pooled);
    else this.#connections.close(pooled, 'doubtful');
  }

  /** One at a time: the budget keeps a single connection for cancelling. Whose turn does not come in time is destroyed without. */
  async #cancelAfter(before: Promise<void>, connection: EngineConnection): Promise<void> {
    const askedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CANCEL_MS);
    });
    await Promise.race([before, late]);
    clearTimeout(timer);
    const leftMs = CANCEL_MS - (performance.now() - askedAt);
    if (leftMs > 0) return connection.cancel(leftMs);
    connection.destroy();
    return connection.close();
  }

  #cancel(pooled: PooledConnection): void {
    this.#home.counters.cancels++;
    if (!this.#home.canCancel) {
      pooled.connection.destroy();
      void this.#end(pooled, 'cancelled', () => pooled.connection.close());
      return;
    }
    if (!this.#home.cancelsInTurn) {
      void this.#end(pooled, 'cancelled', () => pooled.connection.cancel(CANCEL_MS));
      return;
    }
    const before = this.#cancelling;
    const ended = this.#end(pooled, 'cancelled', () => this.#cancelAfter(before, pooled.connection));
    this.#cancelling = Promise.all([before, ended]).then(() => {});
  }

  #keep(pooled: PooledConnection): void {
    this.#home.ended(pooled);
    this.#home.keep(pooled);
  }

  /** Closes a connection, in whatever way. Never rejects. */
  #end(pooled: PooledConnection, reason: CloseReason, end: () => Promise<void>): Promise<void> {
    return this.#connections.closeBy(end, pooled, reason, () => {
      this.#home.ended(pooled);
      this.#home.changed();
    });
  }

  /** Makes nothing of what the last borrower left reach the next, of the same tenant included. */
  #reset(pooled: PooledConnection): void {
    this.#home.counters.resets++;
    let underWay: void | Promise<void>;
    try {
      underWay = pooled.connection.reset();
    } catch {
      this.#discardDoubtful(pooled);
      return;
    }
    if (underWay === undefined) this.#keep(pooled);
    else void this.#keepOnce(pooled, underWay);
  }

  /** Keeps a connection when its reset is confirmed. Never rejects. */
  async #keepOnce(pooled: PooledConnection, reset: Promise<void>): Promise<void> {
    if (await this.#isConfirmed(pooled.connection, reset)) this.#keep(pooled);
    else this.#discardDoubtful(pooled);
  }

  /** Whether a reset comes to its end in time, and leaves the connection clean. Never rejects. */
  async #isConfirmed(connection: EngineConnection, reset: Promise<void>): Promise<boolean> {
    const { resetting } = this.#connections;
    resetting.add(connection);
    const deadline = setTimeout(() => {
      connection.destroy();
      this.#home.suspect();
    }, this.#home.resetMs);
    const isReset = await reset.then(
      () => connection.isClean(),
      () => false,
    );
    clearTimeout(deadline);
    resetting.delete(connection);
    return isReset;
  }

  #discardDoubtful(pooled: PooledConnection): void {
    this.#home.counters.doubtful++;
    void this.#end(pooled, 'doubtful', () => pooled.connection.close());
  }
}
