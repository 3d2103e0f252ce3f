import type { CurrentTenant } from '../context/context.js';
import type { DirectoryEntry } from '../directory/entry.js';
import type { RouteSource } from '../directory/route-source.js';
import type { Parameter, Row } from '../engine/connection.js';
import type { Engine } from '../engine/engine.js';
import { InvalidOptionError, RouteUnknownError, ServerRefusedError, SessionEndedError } from '../errors.js';
import type { Watchers } from '../observe/watchers.js';
import { IdentityAheadError } from '../pool/certificate.js';
import type { Lease } from '../pool/lease.js';
import type { ServerPool } from '../pool/server-pool.js';
import { labelOf, shownLabelOf, type TenantKey } from '../tenant/ref.js';
import { assertServable } from '../tenant/status.js';
import type { Placement, Route } from '../tenant/tenant.js';
import type { ClientSource } from './clients.js';
import { PooledExecutor } from './executor.js';
import { Limit } from './limit.js';
import type { CallOptions, ExecuteResult, Executor, Session, TransactionOptions } from './session.js';
import { type TargetRooms, type TenantTarget, targetOf } from './tenant-target.js';

/** What every session of a tenancy shares. */
export interface SessionRooms extends TargetRooms {
  readonly directory: RouteSource;
  readonly watchers: Watchers;
  readonly transactionMs: number;
}

/** A session bound to one tenant at one epoch; see {@link Session}. */
export class TenantSession implements Session, ClientSource {
  readonly runSignal: AbortSignal | undefined;
  readonly #rooms: SessionRooms;
  readonly #name: string;
  readonly #key: TenantKey;
  /** The run that it belongs to, if it was asked for without a name: it serves that one's tenant and epoch. */
  readonly #run: CurrentTenant | undefined;
  #entry: DirectoryEntry | undefined;
  /** The route that the session is bound to; replaced only by one of the same id and epoch. */
  #route: Route | undefined;
  #target: TenantTarget | undefined;
  /** Made for the first statement: who only wants a client has none. */
  #statements: PooledExecutor | undefined;

  constructor(rooms: SessionRooms, key: TenantKey, run?: CurrentTenant, runSignal?: AbortSignal) {
    this.#rooms = rooms;
    this.#key = key;
    this.#run = run;
    this.runSignal = runSignal;
    const entry = rooms.directory.peek(key);
    this.#name = run?.name ?? (entry === undefined ? shownLabelOf(key) : labelOf(key));
    // What would throw waits for the first use.
    if (entry?.route.status === 'active' && (run === undefined || run.epoch === entry.route.epoch))
      this.#bind(entry);
  }

  get tenant(): string {
    // Asked for by its id it has a name only when it is bound.
    return this.#route?.name ?? this.#name;
  }

  get label(): string {
    return this.tenant;
  }

  get queryMs(): number {
    // Until it is bound nobody knows better.
    return this.#route === undefined ? this.#rooms.queryMs : this.#poolTarget().queryMs;
  }

  get transactionMs(): number {
    return this.#rooms.transactionMs;
  }

  async ready(options?: CallOptions): Promise<Route> {
    const limit = new Limit(this.#name, options, this.#rooms.queryMs, undefined, this.runSignal);
    limit.assertRunning();
    return this.#current() ?? (await this.#renew(limit));
  }

  query<T extends object = Row>(
    sql: string,
    params?: readonly Parameter[],
    options?: CallOptions,
  ): Promise<T[]> {
    return this.#executor().query<T>(sql, params, options);
  }

  execute(sql: string, params?: readonly Parameter[], options?: CallOptions): Promise<ExecuteResult> {
    return this.#executor().execute(sql, params, options);
  }

  transaction<T>(fn: (transaction: Executor) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#executor().transaction(fn, options);
  }

  // ---- LeaseSource ----

  engine(): Engine {
    return this.#pool().server.engine;
  }

  lease(limit: Limit): Lease | Promise<Lease> {
    return this.leaseIdle() ?? this.#acquire(limit);
  }

  confirm(): Promise<Route> | undefined {
    if (this.#current() !== undefined) return undefined;
    return this.#renew(new Limit(this.#name, undefined, this.queryMs, undefined, this.runSignal));
  }

  /** An idle connection at once, if the route is in memory. */
  leaseIdle(): Lease | undefined {
    return this.#current() && this.#take();
  }

  /**
   * A lease without waiting. The route must be in memory, and the engine `synchronous`.
   *
   * @throws RouteUnknownError, InvalidOptionError, PoolTimeoutError, or what a first use would throw.
   */
  leaseNow(): Lease {
    const entry = this.#bindNow();
    const target = this.#poolTarget();
    const pool = this.#pool();
    if (!target.isLocated) throw routeUnknown(this.#name);
    if (!pool.server.engine.capabilities.synchronous) throw notSynchronous(this.#name);
    try {
      return pool.takeNow(target);
    } catch (error) {
      if (error instanceof IdentityAheadError && entry !== undefined) this.#rooms.directory.distrust(entry);
      throw error;
    }
  }

  /** Throws RouteUnknownError, or what a first use would throw. */
  placementNow(): Placement {
    this.#bindNow();
    return this.#bound().placement;
  }

  // ---- inside ----

  /** Binds the session to what is in memory. Throws RouteUnknownError where nothing is, or nothing that holds still. */
  #bindNow(): DirectoryEntry | undefined {
    const entry = this.#entry ?? this.#rooms.directory.peek(this.#key, false);
    if (entry !== undefined) this.#bind(entry);
    if (this.#current(false) === undefined) throw routeUnknown(this.#name);
    return entry;
  }

  #executor(): PooledExecutor {
    this.#statements ??= new PooledExecutor(this);
    return this.#statements;
  }

  /** The bound route if it is known to hold still; undefined where the catalog must be asked. Throws if it ended. */
  #current(canWait = true): Route | undefined {
    const entry = this.#entry;
    if (entry === undefined || this.#route === undefined) return undefined;
    if (entry.route !== this.#route) this.#bind(entry);
    return this.#rooms.directory.isFresh(entry, canWait) ? this.#route : undefined;
  }

  /** Asks the catalog, and binds to what it says. */
  async #renew(limit: Limit): Promise<Route> {
    return this.#bind(await limit.waiting((signal) => this.#rooms.directory.resolve(this.#key, signal)));
  }

  #bind(entry: DirectoryEntry): Route {
    const { route } = entry;
    const bound = this.#route ?? this.#run;
    if (bound !== undefined && (bound.id !== route.id || bound.epoch !== route.epoch))
      throw endedError(bound, route);
    assertServable(route);
    if (this.#route?.placement !== route.placement) this.#target = undefined;
    this.#entry = entry;
    this.#route = route;
    return route;
  }

  async #acquire(limit: Limit): Promise<Lease> {
    if (this.#current() === undefined) await this.#renew(limit);
    try {
      return await this.#wait(limit);
    } catch (error) {
      if (!(await this.#knowsBetter(error, limit))) throw error;
    }
    try {
      return await this.#wait(limit);
    } catch (error) {
      // The catalog says it again: it may have been restored to an earlier state.
      if (error instanceof IdentityAheadError) this.#alarm(error);
      throw error;
    }
  }

  /** Whether another attempt would go elsewhere, or as somebody else. */
  async #knowsBetter(error: unknown, limit: Limit): Promise<boolean> {
    if (error instanceof IdentityAheadError && this.#entry !== undefined) {
      // The database has moved on and our route is stale: look again. A session that is bound to
      // the old epoch ends here; it is not carried over.
      this.#rooms.directory.distrust(this.#entry);
      await this.#renew(limit);
      return true;
    }
    const isRefused = error instanceof ServerRefusedError && error.kind === 'access-denied';
    return isRefused && this.#poolTarget().relocate(limit);
  }

  #alarm(error: IdentityAheadError): void {
    const { id, name, placement } = this.#bound();
    const { server, database } = placement;
    this.#rooms.watchers.tell('identity.mismatch', { server, tenantId: id, tenant: name, database, error });
  }

  /** An idle connection, if it is known as whom to connect. */
  #take(): Lease | undefined {
    const target = this.#poolTarget();
    return target.isLocated ? this.#pool().take(target) : undefined;
  }

  async #wait(limit: Limit): Promise<Lease> {
    const target = this.#poolTarget();
    if (!target.isLocated) await target.locate(limit);
    const pool = this.#pool();
    const lease = await limit.waiting((signal) =>
      pool.acquire(target, { timeoutMs: limit.remainingMs, signal }),
    );
    try {
      // The tenant may have been suspended while we waited, or this process frozen.
      if (this.#current() === undefined) await this.#renew(limit);
      return lease;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  #pool(): ServerPool {
    return this.#rooms.pool(this.#bound().placement.server);
  }

  #bound(): Route {
    if (this.#route !== undefined) return this.#route;
    throw new SessionEndedError(`The session of ${this.#name} is not bound.`, { tenant: this.#name });
  }

  #poolTarget(): TenantTarget {
    this.#target ??= targetOf(this.#rooms, this.#bound());
    return this.#target;
  }
}

function routeUnknown(name: string): RouteUnknownError {
  return new RouteUnknownError(
    `Where ${name} is, is not in memory; asking takes time that this call has not.`,
    {
      tenant: name,
      hint: 'Before it, await tenancy.session(name).ready().',
    },
  );
}

function notSynchronous(name: string): InvalidOptionError {
  return new InvalidOptionError(`The database of ${name} answers only in time; this call cannot wait.`, {
    tenant: name,
    hint: 'Use a session. Only SQLite answers at once, and not in a worker.',
  });
}

function endedError(bound: CurrentTenant, now: Route): SessionEndedError {
  const what = bound.id === now.id ? `is ${now.status} and at epoch ${now.epoch}` : 'is another tenant';
  return new SessionEndedError(
    `The session of ${bound.name} was bound to epoch ${bound.epoch}; the tenant of this name ${what} now.`,
    {
      tenant: bound.name,
      hint: 'Ask for a new session for each unit of work; do not keep one across requests.',
    },
  );
}
