import type { EngineName } from '../engine/capabilities.js';
import type { LendOptions, LentClient } from '../engine/lent-client.js';
import type { Lease } from '../pool/lease.js';
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

/** Leases a connection of a source and lends its client. */
export async function leaseClient(source: LeaseSource, options: ClientOptions = {}): Promise<ClientLease> {
  const limit = new Limit(source.label, options, source.queryMs);
  limit.assertRunning();
  const lease = await source.lease(limit);
  try {
    const { name } = source.engine();
    return new LentLease(lease, lease.connection.lend(options), name);
  } catch (error) {
    lease.destroy();
    throw error;
  }
}

/** The same without waiting. */
export function takeClient(source: LeaseSource & { leaseNow(): Lease }, options?: LendOptions): ClientLease {
  const lease = source.leaseNow();
  try {
    return new LentLease(lease, lease.connection.lend(options), source.engine().name);
  } catch (error) {
    lease.destroy();
    throw error;
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

  release(): void {
    this.#lent.revoke();
    this.#lease.release();
  }

  destroy(): void {
    this.#lent.revoke();
    this.#lease.destroy();
  }
}
