import type { EngineConnection } from '../engine/connection.js';
import type { EngineServer } from '../engine/engine.js';
import { NotSentError } from '../engine/not-sent.js';
import type { CloseReason } from '../observe/events.js';
import { IdleConnections } from './idle-connections.js';
import type { PooledConnection } from './lease.js';
import type { PoolEvents } from './pool-events.js';
import type { ServerPoolOptions } from './server-pool-options.js';
import type { PoolCounters } from './stats.js';
import { isCertified, type PoolTarget } from './target.js';

/** What the connections of a pool need of it. */
export interface PoolConnectionsHome {
  readonly server: EngineServer;
  readonly options: Pick<ServerPoolOptions, 'lifetimeMs' | 'idleMs' | 'sharing'>;
  readonly counters: PoolCounters;
  readonly events: PoolEvents;
  /** Milliseconds, never going back. */
  now(): number;
  /** Called when a place has become free. */
  changed(): void;
  /** The server has let one go: those that are idle may lead nowhere too. */
  suspect(): void;
  /** One that was idle, and is in no place of the pool any more, must be reset before anybody gets it. */
  renew(pooled: PooledConnection): void;
}

/** A connection that is being opened. */
interface Opening {
  readonly at: number;
  /** As {@link PooledConnection.group}, of the place to which it is opened. */
  readonly group: string | undefined;
}

/** The connections that a pool holds, in whatever state, and their end. Each of them counts until the server has let it go. */
export class PoolConnections {
  readonly idle = new IdleConnections();
  readonly inUse = new Set<PooledConnection>();
  /** Given back, and not clean yet. */
  readonly resetting = new Set<EngineConnection>();
  /** Being opened or proved. */
  connecting = 0;
  /** Held by work that opens a connection of its own. */
  places = 0;
  readonly #home: PoolConnectionsHome;
  readonly #closing = new Set<EngineConnection>();
  #condemnedAt = Number.NEGATIVE_INFINITY;

  constructor(home: PoolConnectionsHome) {
    this.#home = home;
  }

  get closing(): number {
    return this.#closing.size;
  }

  /** What counts against the budget. */
  get size(): number {
    const unsettled = this.connecting + this.resetting.size + this.#closing.size;
    return this.inUse.size + this.places + this.idle.size + unsettled;
  }

  /** Whether somebody has a connection, or will have one without asking again. */
  get isBusy(): boolean {
    return this.inUse.size > 0 || this.places > 0 || this.connecting > 0 || this.resetting.size > 0;
  }

  /** To be called when the opening of a connection begins. */
  begin(target: PoolTarget): Opening {
    return { at: this.#home.now(), group: this.#groupOf(target) };
  }

  /**
   * Takes in a connection that was opened for a target. `begun` is from before that: as whom a target is
   * served may change while it lasts, and the connection stays whose it was opened as.
   */
  opened(connection: EngineConnection, target: PoolTarget, begun: Opening): PooledConnection {
    const { counters, events, now } = this.#home;
    counters.opened++;
    const openedAt = now();
    events.opened(target, openedAt - begun.at);
    const { key, label, epoch } = target;
    const { group } = begun;
    const times = { openedAt, leasedAt: openedAt, idleSince: openedAt };
    const pooled: PooledConnection = { connection, key, label, epoch, group, ...times };
    connection.onLost((error) => {
      // One in use is its holder's to give back.
      pooled.onLost?.(error);
      this.closeIdleOne(pooled, 'lost');
      this.#home.suspect();
    });
    return pooled;
  }

  /** An idle connection of this target, still in its place. */
  idleFor(target: PoolTarget): PooledConnection | undefined {
    for (
      let pooled = this.idle.latestOf(target.key);
      pooled !== undefined;
      pooled = this.idle.latestOf(target.key)
    ) {
      if (pooled.epoch === target.epoch && pooled.connection.isAlive()) {
        if (!pooled.connection.isTouched()) return pooled;
        this.idle.remove(pooled);
        this.#home.renew(pooled);
        continue;
      }
      this.closeIdleOne(pooled, pooled.epoch === target.epoch ? 'lost' : 'ended');
    }
    return undefined;
  }

  /** The idle connection of somebody else that can be moved to this target and will be missed least, still in its place. */
  movableTo(target: PoolTarget): PooledConnection | undefined {
    const group = this.#groupOf(target);
    return group === undefined ? undefined : this.idle.leastUseful(group);
  }

  /** The same, if the move needs no proof. */
  provedFor(target: PoolTarget): PooledConnection | undefined {
    if (target.certifiedOn.size === 0) return undefined;
    const pooled = this.movableTo(target);
    return pooled !== undefined && isCertified(target, pooled.connection) ? pooled : undefined;
  }

  /**
   * Moves a connection to another target, by the engine's own full reset whatever its last borrower did; one that
   * cannot be moved is closed.
   */
  rebind(pooled: PooledConnection, target: PoolTarget): boolean {
    try {
      if (pooled.connection.rebind === undefined) throw new NotSentError('It belongs to its place for life.');
      pooled.connection.rebind(target.database, target.place);
    } catch {
      this.close(pooled, 'unmovable');
      return false;
    }
    this.#home.events.rebound(target, pooled);
    pooled.key = target.key;
    pooled.label = target.label;
    pooled.epoch = target.epoch;
    this.#home.counters.rebinds++;
    return true;
  }

  isTooOld(pooled: PooledConnection, now: number): boolean {
    if (pooled.openedAt <= this.#condemnedAt) return true;
    const age = now - pooled.openedAt;
    return age > this.#home.options.lifetimeMs * (0.8 + 0.2 * Math.random());
  }

  /** Closes a connection that is in no place of the pool any more. */
  close(pooled: PooledConnection, reason: CloseReason): void {
    void this.closeBy(
      () => pooled.connection.close(),
      pooled,
      reason,
      () => this.#home.changed(),
    );
  }

  /** Closes a connection that never came into the pool. */
  closeUnproved(connection: EngineConnection): void {
    void this.#countClosing(
      connection,
      () => connection.close(),
      () => this.#home.changed(),
    );
  }

  /** Closes an idle connection without waiting, where the engine's connections end so: its place is free at once. */
  closeIdleNow(pooled: PooledConnection, reason: CloseReason): void {
    if (!this.idle.remove(pooled)) return;
    this.#home.events.closed(pooled, reason, this.#home.now());
    pooled.connection.destroy();
  }

  /**
   * Closes a connection in a way of the caller's, to whom its place belongs then: `after` is called in
   * the moment in which it is free, before anybody else can see that. Resolves after that; never rejects.
   */
  closeBy(
    end: () => Promise<void>,
    pooled: PooledConnection,
    reason: CloseReason,
    after: () => void,
  ): Promise<void> {
    this.#home.events.closed(pooled, reason, this.#home.now());
    return this.#countClosing(pooled.connection, end, after);
  }

  closeIdleOne(pooled: PooledConnection, reason: CloseReason): void {
    if (this.idle.remove(pooled)) this.close(pooled, reason);
  }

  /** Closes every idle connection. */
  closeIdle(): void {
    for (let pooled = this.idle.oldest(); pooled !== undefined; pooled = this.idle.oldest()) {
      this.closeIdleOne(pooled, 'closing');
    }
  }

  /** None that is open now is to be used again: the idle ones are closed at once, others when they come back. */
  condemn(): void {
    this.#condemnedAt = this.#home.now();
    for (const pooled of [...this.idle]) this.closeIdleOne(pooled, 'lost');
  }

  /** Closes the idle connections of a key. */
  closeIdleOf(key: string): void {
    for (let pooled = this.idle.latestOf(key); pooled !== undefined; pooled = this.idle.latestOf(key)) {
      this.closeIdleOne(pooled, 'ended');
    }
  }

  /** Closes those that were idle for too long. */
  prune(): void {
    const limit = this.#home.now() - this.#home.options.idleMs;
    for (let oldest = this.idle.oldest(); oldest !== undefined; oldest = this.idle.oldest()) {
      if (oldest.idleSince > limit) return;
      this.closeIdleOne(oldest, 'idle');
    }
  }

  /** Destroys those that are closed or reset, whatever they wait for. */
  destroyEnding(): void {
    for (const connection of [...this.#closing, ...this.resetting]) connection.destroy();
  }

  async #countClosing(
    connection: EngineConnection,
    end: () => Promise<void>,
    after: () => void,
  ): Promise<void> {
    this.#closing.add(connection);
    await end();
    this.#closing.delete(connection);
    after();
  }

  #groupOf(target: PoolTarget): string | undefined {
    if (!this.#home.options.sharing) return undefined;
    return this.#home.server.engine.sharingGroup(target.database, target.place);
  }
}
