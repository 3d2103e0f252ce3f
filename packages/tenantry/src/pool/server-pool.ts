import { performance } from 'node:perf_hooks';
import type { EngineConnection } from '../engine/connection.js';
import type { AcquireOptions, ConnectionSource } from '../engine/connection-source.js';
import type { EngineServer } from '../engine/engine.js';
import type { PoolFullError } from '../errors.js';
import { Watchers } from '../observe/watchers.js';
import { atMost } from './at-most.js';
import { Ceiling } from './ceiling.js';
import { Connector } from './connector.js';
import type { TenantLimits } from './fair-queue-options.js';
import { Lease, type PooledConnection } from './lease.js';
import { PoolConnections } from './pool-connections.js';
import { type PoolState, poolClosed, poolFull, poolTimeout, waitAborted } from './pool-errors.js';
import { PoolEvents } from './pool-events.js';
import { Returns } from './returns.js';
import type { ServerPoolOptions } from './server-pool-options.js';
import { Serving } from './serving.js';
import { newCounters, type PoolCounters, type PoolStats } from './stats.js';
import { Suspicion } from './suspicion.js';
import type { PoolTarget } from './target.js';
import { type TenantsStats, tenantStats } from './tenant-stats.js';
import { Waiter, type WaiterHome } from './waiter.js';

/** How long the last connections may take to be gone when they have been destroyed. */
const GONE_MS = 250;

/**
 * The connections that this process holds to one server, under one budget.
 *
 * Whoever asks gets, in this order: an idle connection of its own tenant; one of another tenant that
 * can be rebound; a new one while the budget lasts; one of its own that comes back sooner than a new one
 * could be opened (`Patience`); the place of the idle connection that will be
 * missed least; else a place in the queue, in which tenants take turns (`FairQueue`). A
 * connection that comes back goes on with its own tenant only within that tenant's turn.
 *
 * This is the door; behind it are {@link PoolConnections} (what is held), {@link Serving} (who gets
 * what) and {@link Returns} (what becomes of a connection that comes back).
 */
export class ServerPool implements WaiterHome {
  readonly #name: string;
  readonly #server: EngineServer;
  readonly #options: ServerPoolOptions;
  readonly #ceiling: Ceiling;
  readonly #suspicion: Suspicion;
  readonly #limits: TenantLimits;
  readonly #now: () => number;
  readonly #counters: PoolCounters = newCounters();
  readonly #events: PoolEvents;
  readonly #connections: PoolConnections;
  readonly #connector: Connector;
  readonly #serving: Serving;
  readonly #returns: Returns;
  readonly #pruner: NodeJS.Timeout;
  readonly #whenEmpty: (() => void)[] = [];
  #closed = false;

  constructor(name: string, server: EngineServer, options: ServerPoolOptions) {
    this.#name = name;
    this.#server = server;
    this.#options = options;
    const { maxConnections, maxPerKey, connectMs, idleMs, cancels } = options;
    const cancelTakesConnection = cancels && server.engine.capabilities.cancelTakesConnection;
    // Where the budget is one connection, there is none to cancel with.
    const canCancel = !cancelTakesConnection || maxConnections > 1;
    const capacity = maxConnections - (cancelTakesConnection && canCancel ? 1 : 0);
    this.#limits = Object.freeze({ weight: 1, maxInUse: maxPerKey });
    this.#now = options.now ?? (() => performance.now());
    this.#events = new PoolEvents(name, options.watchers ?? new Watchers());
    const shared = {
      counters: this.#counters,
      events: this.#events,
      now: this.#now,
      changed: () => this.#settle(),
      suspect: () => this.#suspect(),
    };
    this.#ceiling = new Ceiling({
      ...{ ...shared, capacity, pauseMs: options.fullPauseMs },
      full: (allowed, error) => this.#events.full(allowed, error),
      freed: () => this.#events.freed(),
    });

    const connections = new PoolConnections({
      ...{ ...shared, server, options },
      renew: (pooled) => void this.#returns.renew(pooled),
    });
    const close = (connection: EngineConnection) => connections.closeUnproved(connection);
    const connector = new Connector({ ...shared, server, connectMs, close });
    const serving = new Serving({
      ...{ ...shared, ceiling: this.#ceiling, limits: this.#limits, connections, connector },
      state: () => this.#state(),
      lease: (pooled, since) => this.#lease(pooled, since),
    });
    this.#connections = connections;
    this.#connector = connector;
    this.#serving = serving;
    this.#returns = new Returns({
      ...{ ...shared, connections, canCancel, cancelsInTurn: cancelTakesConnection, resetMs: connectMs },
      ended: ({ key, leasedAt }) => serving.queue.ended(key, this.#now() - leasedAt),
      keep: (pooled) => serving.keep(pooled),
      condemn: () => this.#connections.condemn(),
    });
    this.#suspicion = new Suspicion({ connections, keep: (pooled) => serving.keep(pooled) });
    this.#pruner = setInterval(() => connections.prune(), Math.max(10, idleMs / 4)).unref();
  }

  /** The server that the connections lead to. */
  get server(): EngineServer {
    return this.#server;
  }

  /**
   * A lease without waiting and without a promise, or undefined. Nobody whose turn it is is overtaken.
   */
  take(target: PoolTarget): Lease | undefined {
    return this.#closed ? undefined : this.#serving.take(target);
  }

  /**
   * A lease without waiting, on a connection that is opened for it where necessary. Only where the
   * engine is `synchronous`.
   *
   * @throws PoolTimeoutError where no place is free, ClosedError, or what connecting came to.
   */
  takeNow(target: PoolTarget): Lease {
    if (this.#closed) throw poolClosed(this.#name);
    const lease = this.#serving.takeNow(target);
    if (lease !== undefined) return lease;
    this.#counters.timeouts++;
    throw poolTimeout(this.#state(), target.label, 0);
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
    if (!this.#findRoom(target)) return Promise.reject(this.#full(target.label));
    return this.#wait(target, target.label, options) as Promise<Lease>;
  }

  /** Runs work that opens one connection of its own, on a place in the budget. */
  async withPlace<T>(label: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw poolClosed(this.#name);
    await this.#wait(undefined, label, {});
    const startedAt = this.#now();
    try {
      return await work();
    } finally {
      this.#connections.places--;
      this.#serving.queue.ended(label, this.#now() - startedAt);
      this.#settle();
    }
  }

  /** The limits of a tenant on this server: those that are given, and for the others what any tenant may have. */
  limits({ weight, maxInUse }: { weight?: number | undefined; maxInUse?: number | undefined }): TenantLimits {
    return Object.freeze({
      weight: weight ?? this.#limits.weight,
      maxInUse: maxInUse ?? this.#limits.maxInUse,
    });
  }

  /** The connections of one target as a source, for whoever needs no more than that. */
  source(target: PoolTarget): ConnectionSource {
    return { acquire: (options) => this.acquire(target, options) };
  }

  /** Closes the idle connections of a key, for example after its tenant was suspended. */
  evict(key: string): void {
    this.#connections.closeIdleOf(key);
  }

  /** Connections that could be opened, or are idle, while nobody waits. */
  get spare(): number {
    const { size, idle } = this.#connections;
    return this.#serving.waiting > 0 ? 0 : Math.max(0, this.#ceiling.taken - size + idle.size);
  }

  stats(): PoolStats {
    const { inUse, places, idle, connecting, resetting, closing } = this.#connections;
    return {
      maxConnections: this.#options.maxConnections,
      allowed: this.#options.maxConnections - this.#ceiling.missing,
      inUse: inUse.size + places,
      idle: idle.size,
      connecting: connecting + resetting.size,
      closing,
      waiting: this.#serving.waiting,
      unreachable: this.#connector.isOutOfReach,
      totals: { ...this.#counters },
    };
  }

  /** The tenants that hold or wait for something, in numbers: those that have most, at most `limit` of them. */
  tenants(limit: number): TenantsStats {
    const { inUse, idle } = this.#connections;
    const { waiters, queue } = this.#serving;
    return tenantStats({ inUse, idle, waiters, loadOf: (key) => queue.loadOf(key) }, limit);
  }

  /** Refuses new callers, serves those that wait, and closes every connection when it comes back; after `timeoutMs` it destroys what is left. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pruner);
    if (!this.#isBusy()) this.#connections.closeIdle();
    if (this.#isEmpty()) return;
    await atMost(timeoutMs, this.#untilEmpty());
    if (!this.#isEmpty()) await this.destroy();
  }

  /** Rejects those that wait and destroys every connection; resolves when the last one is gone, or a moment later. */
  async destroy(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pruner);
    for (const waiter of this.#serving.waiters) {
      if (this.leave(waiter)) waiter.reject(poolClosed(this.#name));
    }
    this.#connector.abort();
    this.#ceiling.end();
    for (const pooled of [...this.#connections.inUse]) {
      pooled.onTaken?.(poolClosed(this.#name));
      pooled.connection.destroy();
      this.#returns.discard(pooled);
    }
    this.#connections.closeIdle();
    this.#connections.destroyEnding();
    if (this.#isEmpty()) return;
    // A server that swallows everything, or work on a place of its own, may take longer than anybody should wait.
    await atMost(GONE_MS, this.#untilEmpty());
  }

  // ---- what waiters call ----

  timeoutError(waiter: Waiter): Error {
    this.#counters.timeouts++;
    this.#serving.queue.count(waiter.key, 'timeouts');
    return poolTimeout(this.#state(), waiter.label, waiter.waitMs);
  }

  abortError({ label }: Waiter): Error {
    return waitAborted(label, this.#state());
  }

  leave(waiter: Waiter): boolean {
    return this.#serving.leave(waiter);
  }

  waited(waiter: Waiter, error?: Error): void {
    this.#events.waited(waiter, this.#now() - waiter.since, error);
  }

  // ---- inside ----

  /**
   * Makes room for one more to wait for this target; whether there is any. Where no more may wait, the latest of the
   * tenant that has most waiters is turned away for one that has fewer, so that nobody's flood keeps the others out.
   */
  #findRoom({ key }: PoolTarget): boolean {
    const { queue, hasRoom } = this.#serving;
    if (queue.size < this.#options.maxWaiting || (hasRoom && queue.mayHaveMore(key))) return true;
    const latest = queue.latestOfMost(key);
    if (latest === undefined || !this.#serving.leave(latest)) return false;
    latest.reject(this.#full(latest.label));
    return true;
  }

  #full(label: string): PoolFullError {
    return poolFull(this.#state(), label, this.#options.maxWaiting);
  }

  async #wait(
    target: PoolTarget | undefined,
    label: string,
    options: AcquireOptions,
  ): Promise<Lease | undefined> {
    const waitMs = Math.min(options.timeoutMs ?? Number.POSITIVE_INFINITY, this.#options.acquireMs);
    const waiter = new Waiter(this, target, label, waitMs, this.#now(), options);
    this.#counters.waits++;
    this.#serving.join(waiter);
    return waiter.promise;
  }

  #lease(pooled: PooledConnection, since: number): Lease {
    pooled.leasedAt = since;
    this.#connections.inUse.add(pooled);
    this.#connections.idle.used(pooled.key);
    this.#counters.leases++;
    return new Lease(this.#returns, pooled);
  }

  /** Whatever has just ended, see whether somebody can go on. */
  #settle(): void {
    this.#serving.dispatch();
    if (this.#closed && !this.#isBusy()) this.#connections.closeIdle();
    if (this.#whenEmpty.length > 0 && this.#isEmpty()) {
      for (const resolve of this.#whenEmpty.splice(0)) resolve();
    }
  }

  #suspect(): void {
    // A handle answers for itself at each use.
    if (!this.#server.engine.capabilities.synchronous && !this.#closed) this.#suspicion.raise();
  }

  #isBusy(): boolean {
    return this.#connections.isBusy || this.#serving.waiting > 0;
  }

  #isEmpty(): boolean {
    return this.#connections.size === 0 && this.#serving.waiting === 0;
  }

  #untilEmpty(): Promise<void> {
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #state(): PoolState {
    const { taken: capacity, lastError: refusal } = this.#ceiling;
    return { name: this.#name, server: this.#server, capacity, refusal, stats: this.stats() };
  }
}
