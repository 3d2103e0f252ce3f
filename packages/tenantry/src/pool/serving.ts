import type { EngineConnection } from '../engine/connection.js';
import type { TenancyError } from '../errors.js';
import type { Ceiling } from './ceiling.js';
import { connectError } from './connect-error.js';
import type { Connector } from './connector.js';
import { FairQueue } from './fair-queue.js';
import type { TenantLimits } from './fair-queue-options.js';
import type { Lease, PooledConnection } from './lease.js';
import { Patience } from './patience.js';
import type { PoolConnections } from './pool-connections.js';
import { type PoolState, serverOutOfReach } from './pool-errors.js';
import type { PoolEvents } from './pool-events.js';
import type { PoolCounters } from './stats.js';
import { isCertified, type PoolTarget } from './target.js';
import type { Waiter } from './waiter.js';

/** What serving needs of its pool. */
export interface ServingHome {
  /** What tenants may hold of the budget. */
  readonly ceiling: Ceiling;
  /** What a key may have whose target names no limits. */
  readonly limits: TenantLimits;
  readonly connections: PoolConnections;
  readonly connector: Connector;
  readonly counters: PoolCounters;
  readonly events: PoolEvents;
  /** Milliseconds, never going back. */
  now(): number;
  state(): PoolState;
  /** Hands a connection out, whose place is taken since then. */
  lease(pooled: PooledConnection, since: number): Lease;
  /** Called when somebody may be able to go on. */
  changed(): void;
}

/**
 * Who gets the next connection, and where it comes from.
 *
 * A place is on the account of the tenant for which it was taken from the moment when it is: closing
 * what was there, connecting and proving are its time, whatever comes of them and though its caller may
 * have given up. So a tenant whose database is slow to connect to takes no more places than any other.
 */
export class Serving {
  readonly queue: FairQueue<Waiter>;
  readonly #home: ServingHome;
  readonly #connections: PoolConnections;
  readonly #connector: Connector;
  /** Those whose turn has come and whose connection is being opened, proved, made place for, or waited for with patience. */
  readonly #expecting = new Set<Waiter>();
  readonly #patience = new Patience();

  constructor(home: ServingHome) {
    this.#home = home;
    this.#connections = home.connections;
    this.#connector = home.connector;
    this.queue = new FairQueue();
  }

  /** Callers that wait, those for whom a connection is being opened included. */
  get waiting(): number {
    return this.queue.size + this.#expecting.size;
  }

  /** Everybody who waits, at this moment. */
  get waiters(): Waiter[] {
    return [...this.#expecting, ...[...this.queue].map((ticket) => ticket.waiter)];
  }

  /** Whether there is an idle connection, or a place for one. */
  get hasRoom(): boolean {
    const { ceiling } = this.#home;
    if (this.#connections.size < ceiling.allowed) return true;
    return this.#connections.idle.size > 0 && !ceiling.isResting;
  }

  /** A lease without waiting and without a promise, or undefined. */
  take(target: PoolTarget): Lease | undefined {
    const own = this.#connections.idleFor(target);
    const pooled = own ?? this.#connections.provedFor(target);
    if (pooled === undefined || !this.queue.tryStart(target.key, target.limits ?? this.#home.limits)) {
      return undefined;
    }
    this.#connections.idle.remove(pooled);
    if (pooled === own || this.#rebind(pooled, target)) return this.#home.lease(pooled, this.#home.now());
    this.queue.ended(target.key);
    return undefined;
  }

  /**
   * A lease without waiting, on a connection that is opened for it where necessary; undefined where no
   * place is free, or it is somebody else's turn. Only where the engine is `synchronous`. Throws what
   * connecting came to.
   */
  takeNow(target: PoolTarget): Lease | undefined {
    const idle = this.take(target);
    if (idle !== undefined || !this.queue.tryStart(target.key, target.limits ?? this.#home.limits))
      return idle;
    const begun = this.#connections.begin(target);
    try {
      if (this.#makePlace()) {
        const connection = this.#connector.openNow(target);
        this.queue.count(target.key, 'opened');
        return this.#home.lease(this.#connections.opened(connection, target, begun), begun.at);
      }
    } catch (error) {
      this.queue.ended(target.key, this.#home.now() - begun.at);
      this.#home.changed();
      throw this.#connectError(error, target);
    }
    this.queue.ended(target.key);
    return undefined;
  }

  /** Whether there is a place, be it that of the idle connection that will be missed least. */
  #makePlace(): boolean {
    if (this.#connections.size < this.#home.ceiling.allowed) return true;
    const victim = this.#connections.idle.leastUseful();
    if (victim === undefined) return false;
    this.#home.counters.evictions++;
    this.queue.count(victim.key, 'evictions');
    this.#connections.closeIdleNow(victim, 'evicted');
    return this.#connections.size < this.#home.ceiling.allowed;
  }

  /** A caller joins the queue. */
  join(waiter: Waiter): void {
    waiter.ticket = this.queue.push(waiter.key, waiter, waiter.target?.limits ?? this.#home.limits);
    this.dispatch();
  }

  /** A caller gives up; whether it still waited. What is under way for it goes on, on its tenant's account. */
  leave(waiter: Waiter): boolean {
    if (this.#expecting.delete(waiter)) {
      if (this.#patience.end(waiter)) this.#cameToNothing(waiter);
      return true;
    }
    if (waiter.ticket === undefined || !this.queue.remove(waiter.ticket)) return false;
    this.#home.changed();
    return true;
  }

  /** Serves those whose turn it is, as far as the budget allows. */
  dispatch(): void {
    while (this.queue.size > 0 && this.hasRoom) {
      const waiter = this.queue.next();
      if (waiter === undefined) return;
      this.#serve(waiter);
    }
  }

  /** A clean connection that nobody holds: for whoever expects just this one, for its own tenant within its turn, or for whose turn it is. */
  keep(pooled: PooledConnection): void {
    const now = this.#home.now();
    const isAlive = pooled.connection.isAlive();
    if (!isAlive || this.#connections.isTooOld(pooled, now)) {
      this.#connections.close(pooled, isAlive ? 'old' : 'lost');
      return;
    }
    const expecting = this.#expectingJust(pooled);
    if (expecting !== undefined) {
      this.#expecting.delete(expecting);
      // Quicker than the connection that is being opened for it, which will be kept instead.
      if (!this.#patience.end(expecting)) this.queue.startInstead(pooled.key);
      expecting.resolve(this.#home.lease(pooled, now));
      return;
    }
    pooled.idleSince = now;
    this.#connections.idle.add(pooled);
    if (this.queue.size > 0) {
      const next = this.queue.nextFor(pooled.key);
      if (next !== undefined) this.#serve(next);
    }
    this.#home.changed();
  }

  /** Serves one whose turn has come. There is an idle connection or a place. */
  #serve(waiter: Waiter): void {
    const { target } = waiter;
    const servedAt = this.#home.now();
    waiter.servedAt = servedAt;
    const idle = target && this.#connections.idleFor(target);
    if (idle !== undefined) {
      this.#connections.idle.remove(idle);
      waiter.resolve(this.#home.lease(idle, servedAt));
      return;
    }
    this.#expecting.add(waiter);
    if (target !== undefined && this.#serveByRebinding(waiter, target)) return;
    this.#serveByOpening(waiter, this.#hasOthers(waiter));
  }

  /** Opens a connection, in whatever place there is; with patience another tenant's is not taken yet. */
  #serveByOpening(waiter: Waiter, isPatient: boolean): void {
    if (waiter.target !== undefined && this.#connector.refuses) this.#refuse(waiter);
    else if (this.#connections.size < this.#home.ceiling.allowed) void this.#serveAnew(waiter);
    else if (isPatient) this.#patience.begin(waiter, () => this.#serveAfterAll(waiter));
    else this.#serveByEviction(waiter);
  }

  /** Whether its tenant uses connections, or gets some, of which one may come back soon. */
  #hasOthers({ key }: Waiter): boolean {
    if (this.#patience.ms === 0) return false;
    const started = this.queue.loadOf(key)?.inUse ?? 0;
    return started - this.#patience.waitingOf(key) > 1;
  }

  /** None of its tenant's connections has come back in time. */
  #serveAfterAll(waiter: Waiter): void {
    waiter.servedAt = this.#home.now();
    this.#serveByOpening(waiter, false);
  }

  #serveByEviction(waiter: Waiter): void {
    const victim = this.#home.ceiling.isResting ? undefined : this.#connections.idle.leastUseful();
    if (victim !== undefined) this.#replace(victim, waiter);
    // What was idle is gone, in use again, or not to be closed now.
    else this.#putBack(waiter);
  }

  /** The server takes no more for this tenant alone, whose own connections may come back; the others are not concerned. */
  #holdDown(waiter: Waiter, error: TenancyError): void {
    const hasOthers = (this.queue.loadOf(waiter.key)?.inUse ?? 0) > 1;
    if (hasOthers && this.#putBack(waiter)) {
      this.queue.holdDown(waiter.key);
      this.#home.changed();
    } else this.#fail(waiter, error);
  }

  /** It waits again, as the first of its tenant; false where it has given up. */
  #putBack(waiter: Waiter): boolean {
    if (!this.#expecting.delete(waiter)) return false;
    waiter.servedAt = undefined;
    waiter.ticket = this.queue.putBack(waiter.key, waiter);
    return true;
  }

  #serveByRebinding(waiter: Waiter, target: PoolTarget): boolean {
    const pooled = this.#connections.movableTo(target);
    if (pooled === undefined) return false;
    this.#connections.idle.remove(pooled);
    if (!this.#rebind(pooled, target)) return false;
    if (isCertified(target, pooled.connection)) this.#hand(waiter, pooled);
    else void this.#proveFor(waiter, target, pooled);
    return true;
  }

  #rebind(pooled: PooledConnection, target: PoolTarget): boolean {
    if (!this.#connections.rebind(pooled, target)) return false;
    this.queue.count(target.key, 'rebinds');
    return true;
  }

  /** Proves a rebound connection. Never rejects. */
  async #proveFor(waiter: Waiter, target: PoolTarget, pooled: PooledConnection): Promise<void> {
    this.#connections.connecting++;
    try {
      await this.#connector.prove(target, pooled.connection);
    } catch (error) {
      this.#connections.connecting--;
      this.#home.events.closed(pooled, 'unproved', this.#home.now());
      this.#fail(waiter, this.#connectError(error, target));
      return;
    }
    this.#connections.connecting--;
    this.#hand(waiter, pooled);
  }

  /** Closes an idle connection and gives its place to a waiter. */
  #replace(victim: PooledConnection, waiter: Waiter): void {
    this.#home.counters.evictions++;
    this.queue.count(victim.key, 'evictions');
    this.#connections.idle.remove(victim);
    const close = () => victim.connection.close();
    void this.#connections.closeBy(close, victim, 'evicted', () => void this.#serveAnew(waiter, true));
  }

  /** Opens a connection for a waiter, or gives it the place. Never rejects; whatever comes of it, the place is accounted for. */
  async #serveAnew(waiter: Waiter, isReplacement = false): Promise<void> {
    const { target } = waiter;
    if (!this.#expecting.has(waiter)) {
      this.#placeIsFree(waiter);
      this.#home.changed();
      return;
    }
    if (target === undefined) {
      this.#expecting.delete(waiter);
      this.#connections.places++;
      waiter.resolve();
      return;
    }
    if (this.#connector.refuses) {
      this.#refuse(waiter);
      return;
    }
    this.#connections.connecting++;
    const { ceiling } = this.#home;
    const attempt = ceiling.tries(this.#connections.size, isReplacement);
    const begun = this.#connections.begin(target);
    let connection: EngineConnection;
    try {
      connection = await this.#connector.open(target);
    } catch (error) {
      this.#connections.connecting--;
      const refusal = this.#connector.refusalOf(error, target);
      if (refusal === 'server') {
        // Who waits goes on waiting, for one that comes back or for another's place.
        ceiling.refuses(attempt, this.#connections.size, error as Error);
        if (!this.#putBack(waiter)) this.#placeIsFree(waiter);
        this.#home.changed();
        return;
      }
      ceiling.fails(attempt);
      if (refusal === 'tenant') this.#holdDown(waiter, this.#connectError(error, target));
      else this.#fail(waiter, this.#connectError(error, target));
      return;
    }
    const mayGrow = ceiling.takes(attempt);
    this.#connections.connecting--;
    this.#patience.learn(this.#home.now() - begun.at);
    this.queue.count(target.key, 'opened');
    this.#hand(waiter, this.#connections.opened(connection, target, begun));
    if (mayGrow) this.#home.changed();
  }

  /** A connection is ready for a waiter, who may have given up meanwhile. */
  #hand(waiter: Waiter, pooled: PooledConnection): void {
    if (this.#expecting.delete(waiter)) {
      waiter.resolve(this.#home.lease(pooled, waiter.servedAt ?? this.#home.now()));
      return;
    }
    this.#placeIsFree(waiter);
    if (pooled.connection.isClean()) this.keep(pooled);
    else this.#connections.close(pooled, 'doubtful');
  }

  #fail(waiter: Waiter, error: TenancyError): void {
    this.#placeIsFree(waiter);
    if (this.#expecting.delete(waiter)) waiter.reject(error);
    this.#home.changed();
  }

  /** What was under way for a waiter is over, and came to no lease. */
  #placeIsFree({ key, servedAt }: Waiter): void {
    this.queue.ended(key, servedAt === undefined ? undefined : this.#home.now() - servedAt);
  }

  #refuse(waiter: Waiter): void {
    this.#fail(waiter, serverOutOfReach(this.#home.state(), waiter.label, this.#connector.lastError));
  }

  #connectError(error: unknown, target: PoolTarget): TenancyError {
    const { name, server } = this.#home.state();
    return connectError(error, name, server, target);
  }

  /** No place was taken for a waiter who was patient in vain. */
  #cameToNothing({ key }: Waiter): void {
    this.queue.ended(key);
    this.#home.changed();
  }

  #expectingJust({ key, epoch }: PooledConnection): Waiter | undefined {
    for (const waiter of this.#expecting) {
      if (waiter.target?.key === key && waiter.target.epoch === epoch) return waiter;
    }
    return undefined;
  }
}
