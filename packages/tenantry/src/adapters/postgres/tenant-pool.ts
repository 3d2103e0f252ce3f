import pg from 'pg';
import { noAddress, type PgSender } from '../../engines/postgres/index.js';
import {
  ClosedError,
  InternalError,
  InvalidParameterError,
  LeaseEndedError,
  NotSupportedError,
} from '../../errors.js';
import { assertFlag } from '../../input/call-options.js';
import { assertKnownKeys } from '../../input/known-keys.js';
import { emitOutside } from '../../input/outside-contexts.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import { assertTenantOption } from '../../input/tenant-option.js';
import {
  assertUseLimits,
  type ClientLease,
  type Clients,
  type IdleSender,
  leftOpenBy,
  TenantClients,
  USE_LIMIT_KEYS,
  type UseLimits,
} from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import type { TenantRef } from '../../tenant/ref.js';

/** How {@link pgPool} gives out clients. */
export interface PgPoolOptions extends UseLimits {
  /**
   * Whose pool it is. Left out it is ambient: each call goes to the tenant of the context at the call.
   * To give `undefined` is refused, because it is mostly a request that was not resolved to a tenant.
   */
  readonly tenant?: TenantRef;
  /**
   * Gives the driver's clients themselves, which cannot be revoked: who keeps one after its release
   * can meet another tenant's data with it. Hence each is closed when it comes back, which costs a
   * connect for each checkout. Default false.
   */
  readonly raw?: boolean | undefined;
}

type Release = (error?: unknown) => void;
type QueryCallback = (error: unknown, result?: unknown) => void;
export type ConnectCallback = (error: unknown, client: pg.PoolClient | undefined, done: Release) => void;

/** What a pool tells of its clients. */
const CLIENT_EVENTS = ['connect', 'acquire', 'release', 'remove'] as const;

/** What is overridden of pg's pool; its overloads are given back by `pgPool`. */
interface PoolBase extends NodeJS.EventEmitter {
  ending: boolean;
  ended: boolean;
}

const PoolBase = pg.Pool as unknown as new () => PoolBase;

/**
 * A `pg.Pool` without connections of its own: each client that it gives out is a lease of the tenant's.
 * What was left in one is gone with it, so each counts as new when it is checked out, and as removed when
 * it is released.
 */
export class TenantPool extends PoolBase {
  readonly #tenancy: Tenancy;
  readonly #tenant: TenantRef | undefined;
  readonly #raw: boolean;
  readonly #limits: UseLimits;
  readonly #leases = new WeakMap<object, ClientLease>();
  #waiting = 0;
  #leased = 0;
  #whenEmpty: () => void = () => {};
  /** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name. */
  constructor(tenancy: Tenancy, options: PgPoolOptions = {}) {
    super();
    // A host that finds an address here would connect by itself: to none of the tenants, and beside the budget.
    Reflect.deleteProperty(this, 'Client');
    Reflect.set(this, 'options', Object.freeze({ stream: noAddress }));
    assertKnownKeys('pgPool', options, ['tenant', 'raw', ...USE_LIMIT_KEYS]);
    assertFlag('pgPool', 'raw', options.raw);
    assertTenancy('pgPool', tenancy);
    assertTenantOption(options);
    this.#tenancy = tenancy;
    this.#tenant = options.tenant;
    this.#raw = options.raw === true;
    this.#limits = assertUseLimits('pgPool', options);
  }

  /** Clients that are checked out. */
  get totalCount(): number {
    return this.#leased;
  }

  /** Always 0: what is idle belongs to no pool of one tenant; see `tenancy.stats()`. */
  get idleCount(): number {
    return 0;
  }

  /** Always 0, for the same reason. */
  get expiredCount(): number {
    return 0;
  }

  /** Callers that wait for a client. */
  get waitingCount(): number {
    return this.#waiting;
  }

  connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const client = this.#checkOut();
    if (callback === undefined) return client;
    callBack(
      callback,
      client.then((value) => [undefined, value, value.release]),
      () => [undefined, () => {}],
    );
    return undefined;
  }

  query(config: unknown, values?: unknown, callback?: unknown): Promise<unknown> | undefined {
    const own = [config, values, callback].find((value) => typeof value === 'function');
    const result = this.#query(config, typeof values === 'function' ? undefined : values);
    if (own === undefined) return result;
    callBack(
      own as QueryCallback,
      result.then((value) => [undefined, value]),
    );
    return undefined;
  }

  /** Listeners have no tenant in context. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    return emitOutside(this, event, args);
  }

  /** Closes this pool and none of the connections: resolves when every client has been released. */
  end(callback?: (error?: unknown) => void): Promise<void> | undefined {
    const ended = this.#end();
    if (callback === undefined) return ended;
    callBack(
      callback,
      ended.then(() => []),
    );
    return undefined;
  }

  /** pg's own way to a connection; there is no path to it here. */
  newClient(): never {
    throw new InternalError('A pool of tenants tried to open a connection of its own.');
  }

  /** Its first step is taken at the call, so that the tenant is the caller's. */
  async #checkOut(): Promise<pg.PoolClient> {
    const clients = this.#clients();
    const options = { raw: this.#raw, ...this.#limits };
    const idle = clients instanceof TenantClients ? clients.takeIdle(options) : undefined;
    if (idle !== undefined) return this.#handOut(idle);
    this.#waiting++;
    try {
      return this.#handOut(await clients.acquire(options));
    } finally {
      this.#waiting--;
      this.#settle();
    }
  }

  /** The tenant's of the call. */
  #clients(): Clients {
    if (this.ending) throw ended('Cannot use a pool after calling end on the pool');
    return this.#tenancy.clients(this.#tenant);
  }

  #handOut(lease: ClientLease): pg.PoolClient {
    if (lease.engine !== 'postgres') {
      lease.release();
      throw notPostgres(lease.engine);
    }
    const client = lease.client as pg.PoolClient;
    this.#leases.set(client, lease);
    this.#leased++;
    let released = false;
    client.release = (error) => {
      if (released) {
        throw new LeaseEndedError('Release called on client which has already been released to the pool.', {
          hint: 'Release each client once, when its work is done.',
        });
      }
      released = true;
      try {
        this.emit('release', error, client);
      } finally {
        this.#leased--;
        try {
          this.emit('remove', client);
        } finally {
          if (error) lease.destroy();
          else lease.release();
          this.#settle();
        }
      }
    };
    try {
      this.emit('connect', client);
      this.emit('acquire', client);
    } catch (error) {
      client.release(true);
      throw error;
    }
    return client;
  }

  async #query(config: unknown, values: unknown): Promise<unknown> {
    assertStatement(config);
    const idle = this.#idleSender(config);
    const client = idle === undefined ? await this.#checkOut() : (idle.sender as PgSender);
    try {
      const result = await new Promise((resolve, reject) => {
        const callback: QueryCallback = (error, result) => (error ? reject(error) : resolve(result));
        // A query that has a callback calls no other.
        const both = config instanceof pg.Query ? alsoCalling(config, callback) : callback;
        Reflect.apply(client.query, client, [config, values, both]);
      });
      // pg says: not for transactions. Its next statement may run on another client.
      const leftOpen = idle === undefined ? leftOpenBy(this.#leases.get(client)) : idle.leftOpen;
      if (leftOpen !== undefined) throw leftOpen;
      return result;
    } catch (error) {
      // As pg does: the stack that leads to the socket says nothing, the caller's does.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    } finally {
      // After an error as well: whether the connection can be kept, it knows best.
      if (idle === undefined) releaseAfter(client as pg.PoolClient);
      else this.#sent(idle);
    }
  }

  /** What sends a statement at once, where nobody is to see its client; undefined where one must be checked out. */
  #idleSender(config: unknown): IdleSender | undefined {
    if (this.#raw || config instanceof pg.Query || this.#isWatched) return undefined;
    const clients = this.#clients();
    const idle = clients instanceof TenantClients ? clients.idleSender('postgres', this.#limits) : undefined;
    if (idle !== undefined) this.#leased++;
    return idle;
  }

  #sent(idle: IdleSender): void {
    idle.release();
    this.#givenBack();
  }

  /** Whether somebody is to be told of clients. */
  get #isWatched(): boolean {
    return CLIENT_EVENTS.some((event) => this.listenerCount(event) > 0);
  }

  #givenBack(): void {
    this.#leased--;
    this.#settle();
  }

  async #end(): Promise<void> {
    if (this.ending) throw ended('Called end on pool more than once');
    this.ending = true;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
      this.#settle();
    });
    this.ended = true;
  }

  #settle(): void {
    if (this.ending && this.#leased + this.#waiting === 0) this.#whenEmpty();
  }
}

/** Gives a client back; what a listener throws then is not the statement's failure, but nobody's to catch, as with pg's pool. */
function releaseAfter(client: pg.PoolClient): void {
  try {
    client.release();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** @throws InvalidParameterError for what pg's pool does not take, or would never give back. */
function assertStatement(config: unknown): void {
  if (typeof config === 'function') {
    throw new InvalidParameterError(
      'Passing a function as the first parameter to pool.query is not supported.',
      { hint: 'Pass the statement first, the callback last.' },
    );
  }
  const isSubmittable = typeof config === 'object' && config !== null && 'submit' in config;
  if (isSubmittable && !(config instanceof pg.Query)) {
    throw new InvalidParameterError('A cursor or a stream keeps its client longer than pool.query does.', {
      hint: 'Take a client by pool.connect(), and release it when the cursor or the stream has ended.',
    });
  }
}

function alsoCalling(query: pg.Query, callback: QueryCallback): QueryCallback {
  const own: unknown = Reflect.get(query, 'callback');
  if (typeof own !== 'function') return callback;
  const both: QueryCallback = (error, result) => {
    callback(error, result);
    Reflect.apply(own, query, [error, result]);
  };
  Reflect.set(query, 'callback', both);
  return both;
}

/** Calls a callback, in its caller's async context as promises do, but outside of one: it would swallow what is thrown. */
function callBack(
  callback: (...args: never[]) => void,
  work: Promise<readonly unknown[]>,
  rest: () => readonly unknown[] = () => [],
): void {
  const call = callback as (...args: unknown[]) => void;
  void work.then(
    (args) => process.nextTick(call, ...args),
    (error: unknown) => process.nextTick(call, error, ...rest()),
  );
}

function notPostgres(engine: string): NotSupportedError {
  return new NotSupportedError(`The tenant's server has no clients of pg; its engine is ${engine}.`, {
    hint: 'Take the pool of its driver: mysqlPool, mariadbPool, sqliteDatabase.',
  });
}

function ended(message: string): ClosedError {
  return new ClosedError(message, { hint: 'Make a pool of its own for whoever ends it.' });
}
