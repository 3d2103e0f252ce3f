import { performance } from 'node:perf_hooks';
import type { EngineConnection } from '../engine/connection.js';
import type { AcquireOptions, ConnectionSource } from '../engine/connection-source.js';
import type { EngineServer } from '../engine/engine.js';
import type { TenancyError } from '../errors.js';
import { connectError } from './connect-error.js';
import { Connector } from './connector.js';
import { FairQueue } from './fair-queue.js';
import { IdleConnections } from './idle-connections.js';
import { Lease, type LeaseHome, type PooledConnection } from './lease.js';
import {
  type PoolState,
  poolClosed,
  poolFull,
  poolTimeout,
  serverOutOfReach,
  waitAborted,
} from './pool-errors.js';
import { newCounters, type PoolCounters, type PoolStats } from './stats.js';
import { isCertified, type PoolTarget } from './target.js';
import type { TenantLoad } from './tenant-turns.js';
import { Waiter, type WaiterHome } from './waiter.js';

/** Limits of a server pool, all in milliseconds but the counts. */
export interface ServerPoolOptions {
  /** The budget: connections held at once, those that are being opened or closed included. */
  readonly maxConnections: number;
  /** The most of them that one key may have in use at once. */
  readonly maxPerKey: number;
  readonly maxWaiting: number;
  readonly acquireMs: number;
  readonly connectMs: number;
  readonly idleMs: number;
  /** How old a connection may become; a fifth of it is left to chance, so that not all end at once. */
  readonly lifetimeMs: number;
  /** Whether leases are ever cancelled; where that takes a connection, one of the budget is kept for it. */
  readonly cancels: boolean;
  /** Whether a connection may move to another key where the engine can do that. */
  readonly sharing: boolean;
}

/** How long a cancel may take before the connection is destroyed without one. */
const CANCEL_MS = 2000;

/**
 * The connections that this process holds to one server, under one budget.
 *
 * Whoever asks gets, in this order: an idle connection of its own tenant; one of another tenant that
 * can be rebound; a new one while the budget lasts; the place of the idle connection that will be
 * missed least; else a place in the queue, in which tenants take turns ({@link FairQueue}). A
 * connection that comes back goes on with its own tenant only within that tenant's turn.
 */
export class ServerPool implements LeaseHome, WaiterHome {
  readonly #name: string;
  readonly #server: EngineServer;
  readonly #options: ServerPoolOptions;
  /** What tenants may hold: the budget less the connection that is kept for cancelling. */
  readonly #capacity: number;
  /** False where the budget is one connection and cancelling would take a second. */
  readonly #canCancel: boolean;
  readonly #idle = new IdleConnections();
  readonly #queue: FairQueue<Waiter>;
  /** Those whose turn has come and whose connection is being opened, proved, or made place for. */
  readonly #expecting = new Set<Waiter>();
  readonly #inUse = new Set<PooledConnection>();
  readonly #connector: Connector;
  readonly #counters: PoolCounters = newCounters();
  readonly #pruner: NodeJS.Timeout;
  readonly #whenEmpty: (() => void)[] = [];
  /** Given back, and not clean yet. */
  readonly #resetting = new Set<EngineConnection>();
  #connecting = 0;
  /** Held by work that opens a connection of its own. */
  #places = 0;
  #closing = 0;
  #cancelling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(name: string, server: EngineServer, options: ServerPoolOptions) {
    this.#name = name;
    this.#server = server;
    this.#options = options;
    const { capabilities } = server.engine;
    const cancelTakesConnection = options.cancels && capabilities.cancelTakesConnection;
    this.#canCancel = !cancelTakesConnection || options.maxConnections > 1;
    this.#capacity = options.maxConnections - (cancelTakesConnection && this.#canCancel ? 1 : 0);
    const maxInUse = Math.min(options.maxPerKey, this.#capacity);
    this.#queue = new FairQueue({ limitsOf: () => ({ weight: 1, maxInUse }) });
    this.#connector = new Connector(server, options.connectMs, (connection) => this.#close(connection));
    this.#pruner = setInterval(() => this.#prune(), Math.max(10, options.idleMs / 4)).unref();
  }

  /** The server that the connections lead to. */
  get server(): EngineServer {
    return this.#server;
  }

  /**
   * A lease without waiting and without a promise, or undefined. Nobody whose turn it is is overtaken.
   */
  take(target: PoolTarget): Lease | undefined {
    if (this.#closed) return undefined;
    const pooled = this.#idleFor(target) ?? this.#rebindableTo(target);
    if (pooled === undefined || !this.#queue.tryStart(target.key)) return undefined;
    this.#idle.remove(pooled);
    if (pooled.key === target.key || this.#rebind(pooled, target)) return this.#lease(pooled);
    this.#queue.ended(target.key);
    return undefined;
  }

  /**
   * A lease, waiting for it where necessary.
   *
   * @throws PoolTimeoutError, PoolFullError, AbortedError, ClosedError, or what connecting came to:
   * ServerUnavailableError, ServerRefusedError, DatabaseMissingError, IdentityMismatchError.
   */
  acquire(target: PoolTarget, options: AcquireOptions = {}): Promise<Lease> {
    if (this.#closed) return Promise.reject(poolClosed(this.#name));
    if (options.signal?.aborted) return Promise.reject(waitAborted(target.label));
    const lease = this.take(target);
    if (lease !== undefined) return Promise.resolve(lease);
    if (!this.#hasRoom() && this.#queue.size >= this.#options.maxWaiting) {
      return Promise.reject(poolFull(this.#state(), target.label, this.#options.maxWaiting));
    }
    return this.#wait(target, target.label, options) as Promise<Lease>;
  }

  /** Runs work that opens one connection of its own, on a place in the budget. */
  async withPlace<T>(label: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw poolClosed(this.#name);
    await this.#wait(undefined, label, {});
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.#places--;
      this.#queue.ended(label, performance.now() - startedAt);
      this.#settle();
    }
  }

  /** The connections of one target as a source, for whoever needs no more than that. */
  source(target: PoolTarget): ConnectionSource {
    return { acquire: (options) => this.acquire(target, options) };
  }

  /** Closes the idle connections of a key, for example after its tenant was suspended. */
  evict(key: string): void {
    for (let pooled = this.#idle.latestOf(key); pooled !== undefined; pooled = this.#idle.latestOf(key)) {
      this.#closeIdleOne(pooled);
    }
  }

  stats(): PoolStats {
    return {
      maxConnections: this.#options.maxConnections,
      inUse: this.#inUse.size + this.#places,
      idle: this.#idle.size,
      connecting: this.#connecting + this.#resetting.size,
      closing: this.#closing,
      waiting: this.#queue.size + this.#expecting.size,
      unreachable: this.#connector.isOutOfReach,
      totals: { ...this.#counters },
    };
  }

  /** The keys that wait or use something, in numbers; at most `limit` of them. */
  loads(limit: number): TenantLoad[] {
    const loads: TenantLoad[] = [];
    for (const load of this.#queue.loads()) {
      if (loads.length === limit) break;
      loads.push(load);
    }
    return loads;
  }

  /** Refuses new callers, serves those that wait, and closes every connection when it comes back; after `timeoutMs` it destroys what is left. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pruner);
    if (!this.#isBusy()) this.#closeIdle();
    if (this.#isEmpty()) return;
    const deadline = setTimeout(() => void this.destroy(), timeoutMs);
    await this.#untilEmpty();
    clearTimeout(deadline);
  }

  /** Rejects those that wait and destroys every connection; resolves when the last one is gone. */
  async destroy(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pruner);
    for (const waiter of [...this.#expecting, ...[...this.#queue].map((ticket) => ticket.waiter)]) {
      if (this.leave(waiter)) waiter.reject(poolClosed(this.#name));
    }
    this.#connector.abort();
    for (const connection of this.#resetting) connection.destroy();
    for (const pooled of [...this.#inUse]) {
      pooled.connection.destroy();
      this.discard(pooled);
    }
    this.#closeIdle();
    if (!this.#isEmpty()) await this.#untilEmpty();
  }

  // ---- what leases call ----

  giveBack(pooled: PooledConnection): void {
    if (!this.#endLease(pooled)) return;
    const { connection } = pooled;
    if (!connection.isClean()) this.#discardDoubtful(connection);
    else if (connection.isTouched()) this.#reset(pooled);
    else this.#keep(pooled);
  }

  discard(pooled: PooledConnection): void {
    if (this.#endLease(pooled)) this.#close(pooled.connection);
  }

  cancel(pooled: PooledConnection): void {
    if (!this.#endLease(pooled)) return;
    this.#counters.cancels++;
    if (!this.#canCancel) {
      pooled.connection.destroy();
      this.#close(pooled.connection);
      return;
    }
    this.#closing++;
    // One at a time: the budget keeps a single connection for cancelling.
    this.#cancelling = this.#cancelling
      .then(() => pooled.connection.cancel(CANCEL_MS))
      .then(() => this.#closedOne());
  }

  // ---- what waiters call ----

  timeoutError(waiter: Waiter): Error {
    this.#counters.timeouts++;
    return poolTimeout(this.#state(), waiter.label, waiter.waitMs);
  }

  leave(waiter: Waiter): boolean {
    if (this.#expecting.delete(waiter)) {
      this.#queue.ended(waiter.key);
      this.#settle();
      return true;
    }
    if (waiter.ticket === undefined || !this.#queue.remove(waiter.ticket)) return false;
    this.#settle();
    return true;
  }

  // ---- serving ----

  async #wait(
    target: PoolTarget | undefined,
    label: string,
    options: AcquireOptions,
  ): Promise<Lease | undefined> {
    const waitMs = Math.min(options.timeoutMs ?? Number.POSITIVE_INFINITY, this.#options.acquireMs);
    const waiter = new Waiter(this, target, label, waitMs, options);
    this.#counters.waits++;
    waiter.ticket = this.#queue.push(waiter.key, waiter);
    this.#dispatch();
    return waiter.promise;
  }

  /** Serves those whose turn it is, as far as the budget allows. */
  #dispatch(): void {
    while (this.#queue.size > 0 && this.#hasRoom()) {
      const waiter = this.#queue.next();
      if (waiter === undefined) return;
      this.#serve(waiter);
    }
  }

  /** Whether there is an idle connection, or a place for one. */
  #hasRoom(): boolean {
    return this.#idle.size > 0 || this.#size < this.#capacity;
  }

  /** Serves one whose turn has come. There is an idle connection or a place. */
  #serve(waiter: Waiter): void {
    const { target } = waiter;
    const idle = target && this.#idleFor(target);
    if (idle !== undefined) {
      this.#idle.remove(idle);
      waiter.resolve(this.#lease(idle));
      return;
    }
    this.#expecting.add(waiter);
    if (target !== undefined && this.#serveByRebinding(waiter, target)) return;
    if (target !== undefined && this.#connector.refuses) this.#refuse(waiter);
    else if (this.#size < this.#capacity) void this.#serveAnew(waiter);
    else {
      const victim = this.#idle.leastUseful();
      if (victim !== undefined) this.#replace(victim, waiter);
      else {
        // What was idle turned out to be gone; its place is free once it is closed.
        this.#expecting.delete(waiter);
        waiter.ticket = this.#queue.putBack(waiter.key, waiter);
      }
    }
  }

  #serveByRebinding(waiter: Waiter, target: PoolTarget): boolean {
    const group = this.#groupOf(target);
    const pooled = group === undefined ? undefined : this.#idle.leastUseful(group);
    if (pooled === undefined) return false;
    this.#idle.remove(pooled);
    if (!this.#rebind(pooled, target)) return false;
    if (isCertified(target, pooled.connection)) this.#hand(waiter, pooled);
    else void this.#proveFor(waiter, target, pooled);
    return true;
  }

  /** Proves a rebound connection. Never rejects. */
  async #proveFor(waiter: Waiter, target: PoolTarget, pooled: PooledConnection): Promise<void> {
    this.#connecting++;
    try {
      await this.#connector.prove(target, pooled.connection);
    } catch (error) {
      this.#connecting--;
      this.#fail(waiter, connectError(error, this.#name, this.#server, target));
      return;
    }
    this.#connecting--;
    this.#hand(waiter, pooled);
  }

  /** Closes an idle connection and gives its place to a waiter. */
  #replace(victim: PooledConnection, waiter: Waiter): void {
    this.#counters.evictions++;
    this.#idle.remove(victim);
    this.#closing++;
    void victim.connection.close().then(() => {
      this.#closing--;
      void this.#serveAnew(waiter);
    });
  }

  /** Opens a connection for a waiter, or gives it the place. Never rejects; whatever comes of it, the place is accounted for. */
  async #serveAnew(waiter: Waiter): Promise<void> {
    const { target } = waiter;
    if (!this.#expecting.has(waiter)) {
      this.#settle();
      return;
    }
    if (target === undefined) {
      this.#expecting.delete(waiter);
      this.#places++;
      waiter.resolve();
      return;
    }
    if (this.#connector.refuses) {
      this.#refuse(waiter);
      return;
    }
    this.#connecting++;
    let connection: EngineConnection;
    try {
      connection = await this.#connector.open(target);
    } catch (error) {
      this.#connecting--;
      this.#fail(waiter, connectError(error, this.#name, this.#server, target));
      return;
    }
    this.#connecting--;
    this.#counters.opened++;
    const now = performance.now();
    const { key, epoch } = target;
    const pooled: PooledConnection = {
      connection,
      key,
      epoch,
      group: this.#groupOf(target),
      openedAt: now,
      leasedAt: now,
      idleSince: now,
    };
    connection.onLost(() => this.#lost(pooled));
    this.#hand(waiter, pooled);
  }

  /** A connection is ready for a waiter, who may have given up meanwhile. */
  #hand(waiter: Waiter, pooled: PooledConnection): void {
    if (this.#expecting.delete(waiter)) waiter.resolve(this.#lease(pooled));
    else this.#keep(pooled);
  }

  #fail(waiter: Waiter, error: TenancyError): void {
    if (this.#expecting.delete(waiter)) {
      this.#queue.ended(waiter.key);
      waiter.reject(error);
    }
    this.#settle();
  }

  #refuse(waiter: Waiter): void {
    this.#fail(waiter, serverOutOfReach(this.#state(), waiter.label, this.#connector.lastError));
  }

  // ---- connections ----

  /** An idle connection of this target, still in its place. */
  #idleFor(target: PoolTarget): PooledConnection | undefined {
    for (
      let pooled = this.#idle.latestOf(target.key);
      pooled !== undefined;
      pooled = this.#idle.latestOf(target.key)
    ) {
      if (pooled.epoch === target.epoch && pooled.connection.isAlive()) return pooled;
      this.#closeIdleOne(pooled);
    }
    return undefined;
  }

  /** An idle connection of somebody else that can serve this target without a proof, still in its place. */
  #rebindableTo(target: PoolTarget): PooledConnection | undefined {
    if (target.certifiedOn.size === 0) return undefined;
    const group = this.#groupOf(target);
    if (group === undefined) return undefined;
    const pooled = this.#idle.leastUseful(group);
    return pooled !== undefined && isCertified(target, pooled.connection) ? pooled : undefined;
  }

  #groupOf(target: PoolTarget): string | undefined {
    if (!this.#options.sharing) return undefined;
    return this.#server.engine.sharingGroup(target.database, target.place);
  }

  /** Moves a connection to another target; one that cannot be moved is closed. */
  #rebind(pooled: PooledConnection, target: PoolTarget): boolean {
    try {
      pooled.connection.rebind?.(target.database, target.place);
    } catch {
      this.#close(pooled.connection);
      return false;
    }
    pooled.key = target.key;
    pooled.epoch = target.epoch;
    this.#counters.rebinds++;
    return true;
  }

  #lease(pooled: PooledConnection): Lease {
    pooled.leasedAt = performance.now();
    this.#inUse.add(pooled);
    this.#idle.used(pooled.key);
    this.#counters.leases++;
    return new Lease(this, pooled);
  }

  #endLease(pooled: PooledConnection): boolean {
    if (!this.#inUse.delete(pooled)) return false;
    this.#queue.ended(pooled.key, performance.now() - pooled.leasedAt);
    return true;
  }

  /** A clean connection that nobody holds: for whoever expects just this one, for its own tenant within its turn, or for whose turn it is. */
  #keep(pooled: PooledConnection): void {
    const now = performance.now();
    if (!pooled.connection.isAlive() || this.#isTooOld(pooled, now)) {
      this.#close(pooled.connection);
      return;
    }
    const expecting = this.#expectingJust(pooled);
    if (expecting !== undefined) {
      // Quicker than the connection that is being opened for it, which will be kept instead.
      this.#hand(expecting, pooled);
      return;
    }
    pooled.idleSince = now;
    this.#idle.add(pooled);
    if (this.#queue.size > 0) {
      const next = this.#queue.nextFor(pooled.key);
      if (next !== undefined) this.#serve(next);
      this.#dispatch();
    }
    if (this.#closed && !this.#isBusy()) this.#closeIdle();
  }

  /** Makes nothing of what the last borrower left reach the next, of the same tenant included. */
  #reset(pooled: PooledConnection): void {
    const { connection } = pooled;
    this.#counters.resets++;
    let underWay: void | Promise<void>;
    try {
      underWay = connection.reset();
    } catch {
      this.#discardDoubtful(connection);
      return;
    }
    if (underWay === undefined) this.#keep(pooled);
    else void this.#keepOnce(pooled, underWay);
  }

  /** Keeps a connection when its reset is confirmed. Never rejects. */
  async #keepOnce(pooled: PooledConnection, reset: Promise<void>): Promise<void> {
    const { connection } = pooled;
    this.#resetting.add(connection);
    const deadline = setTimeout(() => connection.destroy(), this.#options.connectMs);
    const isReset = await reset.then(
      () => connection.isClean(),
      () => false,
    );
    clearTimeout(deadline);
    this.#resetting.delete(connection);
    if (isReset) this.#keep(pooled);
    else this.#discardDoubtful(connection);
  }

  #discardDoubtful(connection: EngineConnection): void {
    this.#counters.doubtful++;
    this.#close(connection);
  }

  #expectingJust({ key, epoch }: PooledConnection): Waiter | undefined {
    for (const waiter of this.#expecting) {
      if (waiter.target?.key === key && waiter.target.epoch === epoch) return waiter;
    }
    return undefined;
  }

  #isTooOld(pooled: PooledConnection, now: number): boolean {
    const age = now - pooled.openedAt;
    return age > this.#options.lifetimeMs * (0.8 + 0.2 * Math.random());
  }

  #lost(pooled: PooledConnection): void {
    // One in use is its holder's to notice and to give back.
    if (this.#idle.remove(pooled)) this.#close(pooled.connection);
  }

  #closeIdleOne(pooled: PooledConnection): void {
    if (this.#idle.remove(pooled)) this.#close(pooled.connection);
  }

  #close(connection: EngineConnection): void {
    this.#closing++;
    void connection.close().then(() => this.#closedOne());
  }

  #closedOne(): void {
    this.#closing--;
    this.#settle();
  }

  #closeIdle(): void {
    for (let pooled = this.#idle.oldest(); pooled !== undefined; pooled = this.#idle.oldest()) {
      this.#closeIdleOne(pooled);
    }
  }

  #prune(): void {
    const limit = performance.now() - this.#options.idleMs;
    for (let oldest = this.#idle.oldest(); oldest !== undefined; oldest = this.#idle.oldest()) {
      if (oldest.idleSince > limit) return;
      this.#closeIdleOne(oldest);
    }
  }

  // ---- the whole ----

  get #size(): number {
    const unsettled = this.#connecting + this.#resetting.size + this.#closing;
    return this.#inUse.size + this.#places + this.#idle.size + unsettled;
  }

  #isBusy(): boolean {
    return (
      this.#inUse.size > 0 ||
      this.#places > 0 ||
      this.#queue.size > 0 ||
      this.#expecting.size > 0 ||
      this.#connecting > 0 ||
      this.#resetting.size > 0
    );
  }

  /** Whatever has just ended, see whether somebody can go on. */
  #settle(): void {
    this.#dispatch();
    if (this.#closed && !this.#isBusy()) this.#closeIdle();
    if (this.#isEmpty()) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #isEmpty(): boolean {
    return this.#size === 0 && this.#queue.size === 0 && this.#expecting.size === 0;
  }

  #untilEmpty(): Promise<void> {
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #state(): PoolState {
    return { name: this.#name, server: this.#server, capacity: this.#capacity, stats: this.stats() };
  }
}
