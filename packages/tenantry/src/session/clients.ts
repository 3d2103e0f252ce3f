import type { EngineName } from '../engine/capabilities.js';
import type { LendOptions, LentClient } from '../engine/lent-client.js';
import type { Lease } from '../pool/lease.js';
import type { Placement } from '../tenant/tenant.js';
import type { LeaseSource } from './executor.js';
import { Limit } from './limit.js';
import type { CallOptions } from './session.js';

/** How a client is asked for. `timeoutMs` and `signal` end the wait for it, not its use. */
export interface ClientOptions extends CallOptions, LendOptions {}

/**
 * A connection's own client in somebody's hands. It serves one tenant until one of its two ends;
 * the other, or the same again, does nothing.
 */
export interface ClientLease {
  /** The driver's own client: mysql2's `Connection`, pg's `Client`, better-sqlite3's `Database`. After the end every use throws `LeaseEndedError`. */
  readonly client: object;
  readonly engine: EngineName;
  /** Calls once if the connection is lost before its end; another call replaces this one. It still has to be ended. */
  onLost(listener: () => void): void;
  /** Gives the connection back: it is kept if it is provably clean, reset if need be, else closed. */
  release(): void;
  /** Gives it back to be closed at once. */
  destroy(): void;
}

/** Where one tenant's clients come from; holds none by itself. */
export interface Clients {
  /** The tenant's name. */
  readonly tenant: string;
  /** The `tenancy.run` in which they were asked for: one object for all that it does; undefined outside of one. */
  readonly scope: object | undefined;
  /**
   * Leases a connection of the tenant and lends its driver's client.
   *
   * @throws what a session's first use would throw: UnknownTenantError, PoolTimeoutError, ...
   * @example
   * ```ts
   * const lease = await tenancy.clients('acme').acquire()
   * try {
   *   await (lease.client as pg.Client).query('SELECT 1')
   * } finally {
   *   lease.release()
   * }
   * ```
   */
  acquire(options?: ClientOptions): Promise<ClientLease>;
  /**
   * The same without waiting, for drivers that are synchronous: SQLite's. Where no connection is idle it
   * opens one, within the budget.
   *
   * @throws RouteUnknownError (`TENANTRY_ROUTE_UNKNOWN`) where the catalog would have to be asked first;
   * InvalidOptionError (`TENANTRY_INVALID_OPTION`) for an engine that answers only in time;
   * PoolTimeoutError (`TENANTRY_POOL_TIMEOUT`) where no place is free now.
   */
  take(options?: LendOptions): ClientLease;
}

/** Where the clients of a {@link TenantClients} come from. */
export interface ClientSource extends LeaseSource {
  /** An idle connection at once; undefined where that takes a wait. */
  leaseIdle(): Lease | undefined;
  /** A connection at once, opened where necessary. */
  leaseNow(): Lease;
  /** Where the tenant is, from memory. */
  placementNow(): Placement;
}

/** {@link Clients}, and what this library's own pools ask of them. */
export class TenantClients implements Clients {
  readonly tenant: string;
  readonly scope: object | undefined;
  readonly #source: ClientSource;

  constructor(source: ClientSource, scope: object | undefined) {
    this.tenant = source.label;
    this.scope = scope;
    this.#source = source;
  }

  /**
   * Where the tenant is, without waiting. Throws RouteUnknownError (`TENANTRY_ROUTE_UNKNOWN`) where the catalog would
   * have to be asked first.
   */
  get placement(): Placement {
    return this.#source.placementNow();
  }

  async acquire(options: ClientOptions = {}): Promise<ClientLease> {
    const source = this.#source;
    const limit = new Limit(source.label, options, source.queryMs);
    limit.assertRunning();
    return this.#lend(await source.lease(limit), options);
  }

  take(options?: LendOptions): ClientLease {
    return this.#lend(this.#source.leaseNow(), options);
  }

  /** Lends an idle connection's client, without a promise; undefined where that takes a wait. Throws like a session's first use. */
  takeIdle(options?: LendOptions): ClientLease | undefined {
    const lease = this.#source.leaseIdle();
    return lease && this.#lend(lease, options);
  }

  /** The same for one statement that a pool runs itself, on a connection of this engine. */
  idleSender(engine: EngineName): IdleSender | undefined {
    const lease = this.#source.leaseIdle();
    if (lease === undefined) return undefined;
    const sender = this.#source.engine().name === engine ? lease.connection.sender?.() : undefined;
    if (sender !== undefined) return new IdleSender(sender, lease);
    lease.release();
    return undefined;
  }

  #lend(lease: Lease, options?: LendOptions): ClientLease {
    try {
      return new LentLease(lease, lease.connection.lend(options), this.#source.engine().name);
    } catch (error) {
      lease.destroy();
      throw error;
    }
  }
}

/** What sends one statement on a leased connection, until the first of its ends. */
export class IdleSender {
  /** As the connection gives it: of the engine's own kind. */
  readonly sender: object;
  readonly #lease: Lease;

  constructor(sender: object, lease: Lease) {
    this.sender = sender;
    this.#lease = lease;
  }

  release(): void {
    this.#lease.release();
  }

  destroy(): void {
    this.#lease.destroy();
  }
}

class LentLease implements ClientLease {
  readonly engine: EngineName;
  readonly #lease: Lease;
  readonly #lent: LentClient;

  constructor(lease: Lease, lent: LentClient, engine: EngineName) {
    this.#lease = lease;
    this.#lent = lent;
    this.engine = engine;
  }

  get client(): object {
    return this.#lent.client;
  }

  onLost(listener: () => void): void {
    this.#lease.onLost(listener);
  }

  release(): void {
    this.#lent.revoke();
    this.#lease.release();
  }

  destroy(): void {
    this.#lent.revoke();
    this.#lease.destroy();
  }
}
