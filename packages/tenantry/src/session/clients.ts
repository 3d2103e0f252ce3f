import type { EngineName } from '../engine/capabilities.js';
import type { Holder } from '../engine/connection.js';
import type { LendOptions, LentClient } from '../engine/lent-client.js';
import {
  AbortedError,
  ConnectionLostError,
  InvalidOptionError,
  type NotSupportedError,
  StatementTimeoutError,
  type TenancyError,
} from '../errors.js';
import { assertFlag, assertTimeout, END_KEYS } from '../input/call-options.js';
import { assertKnownKeys } from '../input/known-keys.js';
import type { Lease } from '../pool/lease.js';
import type { LentEnd, LentLimits } from '../pool/lent-watch.js';
import type { Placement } from '../tenant/tenant.js';
import type { LeaseSource } from './executor.js';
import { transactionLeftOpen } from './left-open.js';
import { Limit } from './limit.js';
import type { CallOptions } from './session.js';

/** How long a client's uses may take, where that is not what the tenancy says. */
export interface UseLimits {
  /**
   * Milliseconds for each statement. What takes longer is cancelled at the server, its connection is destroyed,
   * and whoever awaits it gets `StatementTimeoutError`; up to 200 ms later. Default: the tenant's `statementTimeoutMs`, else
   * `timeouts.queryMs`.
   */
  readonly queryMs?: number | undefined;
  /** Milliseconds for each transaction, what its holder does between statements included. Default: `timeouts.transactionMs`. */
  readonly transactionMs?: number | undefined;
}

/** The keys of {@link UseLimits}. */
export const USE_LIMIT_KEYS = ['queryMs', 'transactionMs'] as const;

/**
 * Those of some options that limit uses, checked.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for anything but 1 to 86400000.
 */
export function assertUseLimits(what: string, { queryMs, transactionMs }: UseLimits): UseLimits {
  assertTimeout(what, queryMs, 'queryMs');
  assertTimeout(what, transactionMs, 'transactionMs');
  return Object.freeze({ queryMs, transactionMs });
}

/** How a client is asked for. `timeoutMs` and `signal` end the wait for it, not its use. */
export interface ClientOptions extends CallOptions, LendOptions, UseLimits {}

/**
 * A connection's own client in somebody's hands. It serves one tenant until one of its two ends;
 * the other, or the same again, does nothing.
 */
export interface ClientLease {
  /** The driver's own client: mysql2's `Connection`, pg's `Client`, better-sqlite3's `Database`. After the end every use throws `LeaseEndedError`. */
  readonly client: object;
  readonly engine: EngineName;
  /**
   * Calls once if the connection is lost before its end, when the driver has told all that waits of it; a moment later
   * it ends by itself. Another call replaces this one.
   */
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
  take(options?: LendOptions & UseLimits): ClientLease;
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

const LEND_KEYS = ['raw', ...USE_LIMIT_KEYS];
const CLIENT_KEYS = [...END_KEYS, ...LEND_KEYS];

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
    const limit = new Limit(source.label, options, source.queryMs, CLIENT_KEYS, source.runSignal);
    assertUseLimits('acquire', options);
    assertFlag('acquire', 'raw', options.raw);
    limit.assertRunning();
    return this.#lend(await source.lease(limit), options);
  }

  take(options?: LendOptions & UseLimits): ClientLease {
    if (options !== undefined) {
      assertKnownKeys('take', options, LEND_KEYS);
      assertUseLimits('take', options);
      assertFlag('take', 'raw', options.raw);
    }
    this.#assertRunning();
    return this.#lend(this.#source.leaseNow(), options);
  }

  /** Lends an idle connection's client, without a promise; undefined where that takes a wait. Throws like a session's first use. */
  takeIdle(options?: LendOptions & UseLimits): ClientLease | undefined {
    this.#assertRunning();
    const lease = this.#source.leaseIdle();
    return lease && this.#lend(lease, options);
  }

  /** The same for one statement that a pool runs itself, on a connection of this engine. */
  idleSender(engine: EngineName, limits?: UseLimits): IdleSender | undefined {
    this.#assertRunning();
    const source = this.#source;
    const lease = source.leaseIdle();
    if (lease === undefined) return undefined;
    const sender = source.engine().name === engine ? lease.connection.sender?.() : undefined;
    if (sender !== undefined) return new IdleSender(sender, lease, source, limits);
    lease.release();
    return undefined;
  }

  #assertRunning(): void {
    const { runSignal } = this.#source;
    if (runSignal?.aborted) throw useEnded('aborted', this.tenant, runSignal, 0);
  }

  #lend(lease: Lease, options?: LendOptions & UseLimits): ClientLease {
    try {
      const source = this.#source;
      const lent = lease.connection.lend(options);
      return new LentLease(lease, source, options, lent);
    } catch (error) {
      lease.destroy();
      throw error;
    }
  }
}

/** A connection in use by its driver's own means, within its limits, until the first of its ends. */
abstract class LimitedUse implements LentLimits {
  readonly queryMs: number;
  readonly transactionMs: number;
  readonly signal: AbortSignal | undefined;
  readonly holder: Holder;
  readonly #label: string;
  protected readonly lease: Lease;

  constructor(lease: Lease, source: ClientSource, limits: UseLimits | undefined) {
    this.lease = lease;
    this.#label = source.label;
    this.queryMs = limits?.queryMs ?? source.queryMs;
    this.transactionMs = limits?.transactionMs ?? source.transactionMs;
    this.signal = source.runSignal;
    this.holder = source;
    lease.limit(this);
    lease.onTaken(NOTHING_MORE);
  }

  /** Why what has just run should have been in a transaction of its own: see {@link transactionLeftOpen}. */
  get leftOpen(): NotSupportedError | undefined {
    return transactionLeftOpen(this.lease, this.#label);
  }

  onReached(end: LentEnd): void {
    const ms = end === 'statement' ? this.queryMs : this.transactionMs;
    this.end(useEnded(end, this.#label, this.signal, ms));
  }

  protected end(error: TenancyError): void {
    this.lease.cancel(error);
  }
}

/** The same of a client that a pool takes for one statement, and shows to nobody who could end the transaction. */
export function leftOpenBy(lease: ClientLease | undefined): NotSupportedError | undefined {
  return lease instanceof LimitedUse ? lease.leftOpen : undefined;
}

/** Who is to be asked before something runs on a client that had to wait. */
export function holderOf(lease: ClientLease): Holder | undefined {
  return lease instanceof LimitedUse ? lease.holder : undefined;
}

/** Whoever awaits something of it was told. */
const NOTHING_MORE = () => {};

/** What sends one statement on a leased connection, until the first of its ends. */
export class IdleSender extends LimitedUse {
  /** As the connection gives it: of the engine's own kind. */
  readonly sender: object;

  constructor(sender: object, lease: Lease, source: ClientSource, limits: UseLimits | undefined) {
    super(lease, source, limits);
    this.sender = sender;
  }

  release(): void {
    this.lease.release();
  }

  destroy(): void {
    this.lease.destroy();
  }
}

class LentLease extends LimitedUse implements ClientLease {
  readonly engine: EngineName;
  readonly #lent: LentClient;
  #onLost: (() => void) | undefined;
  /** What whoever goes on with it is told, where it was lost. */
  #loss: ConnectionLostError | undefined;

  constructor(lease: Lease, source: ClientSource, limits: UseLimits | undefined, lent: LentClient) {
    super(lease, source, limits);
    this.engine = source.engine().name;
    this.#lent = lent;
    lease.onLost((error) => {
      this.#loss = lostInUse(source.label, error);
      // The drivers tell when their socket is closed: after this turn.
      setImmediate(() => setImmediate(() => this.#lose()));
    });
    lease.onTaken((reason) => lent.revoke(reason));
  }

  /** Whether its holder notices or not, it takes no place any more. */
  #lose(): void {
    if (this.lease.ended) return;
    this.#onLost?.();
    setImmediate(() => this.lease.destroy());
  }

  get client(): object {
    return this.#lent.client;
  }

  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  release(): void {
    this.#lent.revoke();
    this.lease.release();
  }

  destroy(): void {
    this.#lent.revoke(this.#loss);
    this.lease.destroy();
  }

  protected override end(error: TenancyError): void {
    super.end(error);
    this.#lent.revoke(error);
  }
}

function lostInUse(label: string, cause: Error): ConnectionLostError {
  return new ConnectionLostError(`${label}: the connection of this client was lost: ${cause.message}`, {
    cause,
    tenant: label,
    hint: 'A transaction that was open is rolled back. Ask for another client and begin again.',
  });
}

/** What whoever uses a connection gets when its limit was reached. */
function useEnded(end: LentEnd, label: string, signal: AbortSignal | undefined, ms: number): TenancyError {
  if (end === 'aborted') {
    return new AbortedError(`${label}: aborted by the caller; what was under way was cancelled.`, {
      tenant: label,
      cause: signal?.reason,
    });
  }
  const [message, option] =
    end === 'statement'
      ? [`not done within ${ms} ms; the statement was cancelled`, 'queryMs']
      : [`a transaction was open for ${ms} ms; it was rolled back`, 'transactionMs'];
  return new StatementTimeoutError(`${label}: ${message}.`, {
    tenant: label,
    hint: `Make it faster, or give the pool, or clients().acquire, a longer ${option}.`,
  });
}

/**
 * Where the tenant of these clients is, without waiting: {@link TenantClients.placement}.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for clients that are not of this library's making
 */
export function placementOf(clients: Clients): Placement {
  if (clients instanceof TenantClients) return clients.placement;
  throw new InvalidOptionError('These clients do not say where their tenant is.', {
    hint: 'Pass the tenancy that createTenancy made, or a wrapper whose clients() gives what that one gives.',
  });
}
