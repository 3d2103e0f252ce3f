import { EventEmitter } from 'node:events';
import type { ConnectionConfig, Pool, PoolConnection, QueryOptions } from 'mariadb';
import mysql2 from 'mysql2';
import { LazyPackage } from '../../engine/lazy-package.js';
import { openTunnel } from '../../engines/mysql/index.js';
import {
  AbortedError,
  ClosedError,
  ConnectionLostError,
  DriverMissingError,
  LeaseEndedError,
  NotSupportedError,
  OutOfResourcesError,
  TenancyError,
} from '../../errors.js';
import { assertKnownKeys } from '../../input/known-keys.js';
import { emitOutside } from '../../input/outside-contexts.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import { assertTenantOption } from '../../input/tenant-option.js';
import {
  assertUseLimits,
  type ClientLease,
  leftOpenBy,
  USE_LIMIT_KEYS,
  type UseLimits,
} from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import type { TenantRef } from '../../tenant/ref.js';
import { giveOwnCalls } from './mariadb-calls.js';
import { Unanswered } from './mariadb-unanswered.js';

/** How {@link mariadbPool} gives out connections. */
export interface MariadbPoolOptions extends UseLimits {
  /**
   * Whose pool it is. Left out it is ambient: each call goes to the tenant of the context at the call.
   * To give `undefined` is refused, because it is mostly a request that was not resolved to a tenant.
   */
  readonly tenant?: TenantRef;
  /**
   * How values are read and written, as in the driver's options of a statement (`dateStrings`,
   * `bigIntAsNumber`, `insertIdAsNumber`, `namedPlaceholders`, ...): for every statement that does not say otherwise.
   * The driver rounds integers in JSON beyond 2^53; `jsonStrings` gives the text.
   */
  readonly values?: Omit<QueryOptions, 'sql' | 'values' | 'infileStreamFactory'> | undefined;
}

/**
 * A pool of the `mariadb` driver over a tenancy's connections to MariaDB, for Prisma's adapter and for
 * applications. Without `tenant` it is ambient, so that one instance serves every tenant.
 *
 * Each connection that it gives out is the driver's own, over a lease: results, types, `meta`, batches and
 * streams are the driver's. What differs: a connection ends with its release, and so does whatever was left
 * in its session; prepared statements are not kept from one lease to the next; `end()` closes nothing but
 * this pool; dates are UTC; a generated key beyond 2^63 is no negative number; `changeUser` and `importFile` are refused. Limits and times are the tenancy's.
 *
 * Every method rejects with the driver's own errors for statements; before any I/O with `NoTenantError`
 * (`TENANTRY_NO_TENANT`) without a tenant and `ClosedError` (`TENANTRY_CLOSED`) after `end()`; and with what
 * a session's first use throws; `DriverMissingError` (`TENANTRY_DRIVER_MISSING`) without the package `mariadb`.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined` included.
 * @example
 * ```ts
 * const pool = mariadbPool(tenancy)
 * await tenancy.run('acme', async () => pool.query('SELECT id FROM users WHERE name = ?', ['ada']))
 * ```
 */
export function mariadbPool(tenancy: Tenancy, options: MariadbPoolOptions = {}): Pool {
  return new MariadbTenantPool(tenancy, options) as unknown as Pool;
}

const USES = [
  'query',
  'execute',
  'batch',
  'prepare',
  'beginTransaction',
  'commit',
  'rollback',
  'ping',
  'reset',
];

/** What a connection does after its end. */
function ended(why: () => Error): object {
  return {
    ...Object.fromEntries(USES.map((name) => [name, () => Promise.reject(why())])),
    queryStream(): never {
      throw why();
    },
  };
}
const AFTER_RELEASE = ended(leaseEnded);
/** What it never does. */
const NEVER = Object.fromEntries(
  ['changeUser', 'importFile'].map((name) => [name, () => Promise.reject(refused(name))]),
);

/** The driver's promise pool, without connections of its own. */
class MariadbTenantPool extends EventEmitter {
  readonly #tenancy: Tenancy;
  readonly #tenant: TenantRef | undefined;
  readonly #values: MariadbPoolOptions['values'];
  readonly #limits: UseLimits;
  readonly #ending = new AbortController();
  readonly #leases = new WeakMap<object, ClientLease>();
  #active = 0;
  #waiting = 0;

  constructor(tenancy: Tenancy, options: MariadbPoolOptions) {
    super();
    assertKnownKeys('mariadbPool', options, ['tenant', 'values', ...USE_LIMIT_KEYS]);
    assertTenancy('mariadbPool', tenancy);
    assertTenantOption(options);
    this.#tenancy = tenancy;
    this.#tenant = options.tenant;
    this.#values = options.values;
    this.#limits = assertUseLimits('mariadbPool', options);
  }

  get closed(): boolean {
    return this.#ending.signal.aborted;
  }

  totalConnections(): number {
    return this.#active;
  }

  activeConnections(): number {
    return this.#active;
  }

  /** Always 0: what is idle belongs to no pool of one tenant; see `tenancy.stats()`. */
  idleConnections(): number {
    return 0;
  }

  taskQueueSize(): number {
    return this.#waiting;
  }

  escape(value: Parameters<typeof mysql2.escape>[0]): string {
    return mysql2.escape(value, true, 'Z');
  }

  escapeId(identifier: string): string {
    return mysql2.escapeId(identifier, true);
  }

  query(sql: string | QueryOptions, values?: unknown): Promise<unknown> {
    return this.#with((connection) => connection.query(sql, values));
  }

  execute(sql: string | QueryOptions, values?: unknown): Promise<unknown> {
    return this.#with((connection) => connection.execute(sql, values));
  }

  batch(sql: string | QueryOptions, values?: unknown): Promise<unknown> {
    return this.#with((connection) => connection.batch(sql, values));
  }

  importFile(): Promise<never> {
    return Promise.reject(refused('importFile'));
  }

  /** Listeners have no tenant in context. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    return emitOutside(this, event, args);
  }

  /** Closes this pool and none of the connections: nobody gets one from it any more. */
  async end(): Promise<void> {
    if (this.closed) throw closedError();
    this.#ending.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closed ? Promise.resolve() : this.end();
  }

  /** Its first step is taken at the call, so that the tenant is the caller's. */
  async getConnection(): Promise<PoolConnection> {
    if (this.closed) throw closedError();
    const clients = this.#tenancy.clients(this.#tenant);
    const { createConnection } = await loadDriver();
    const waiting = setImmediate(() => this.emit('enqueue'));
    this.#waiting++;
    let lease: ClientLease;
    try {
      lease = await clients.acquire({ ...this.#limits, signal: this.#ending.signal });
    } catch (error) {
      throw this.closed && error instanceof AbortedError ? closedError() : error;
    } finally {
      this.#waiting--;
      clearImmediate(waiting);
    }
    this.#active++;
    try {
      const connection = await createConnection(this.#config(lease.client));
      return this.#handOut(connection as PoolConnection, lease);
    } catch (error) {
      this.#active--;
      lease.destroy();
      throw error;
    }
  }

  #config(client: object): ConnectionConfig {
    const tunnel = openTunnel(client);
    const config = {
      ...this.#values,
      stream: () => tunnel,
      timezone: 'Z',
      collation: 'UTF8MB4_UNICODE_CI',
      // Values are written into a text when it is sent, which depends on what the statements before it have set.
      pipelining: false,
      // What is prepared stays with the server's session, which goes on without this connection.
      prepareCacheLength: 0,
      connectAttributes: false,
      trace: false,
    };
    return config as ConnectionConfig;
  }

  #handOut(connection: PoolConnection, lease: ClientLease): PoolConnection {
    let isOver = false;
    const unanswered = new Unanswered();
    this.#leases.set(connection, lease);
    const end = (how: () => void, why: () => Error = leaseEnded) => {
      if (isOver) return;
      isOver = true;
      this.#active--;
      Object.assign(connection, why === leaseEnded ? AFTER_RELEASE : ended(why));
      this.emit('release', connection);
      how();
      // After the driver has told whom it tells.
      setImmediate(() => setImmediate(() => unanswered.failAll(why)));
    };
    const release = async () => end(() => lease.release());
    giveOwnCalls(connection, this.#values);
    unanswered.watch(connection);
    Object.assign(connection, {
      ...NEVER,
      ...{ release, end: release, close: release, [Symbol.asyncDispose]: release },
      destroy: () => end(() => lease.destroy()),
    });
    const lose = (error?: Error) => {
      const why = error instanceof TenancyError ? error : connectionLost();
      end(
        () => lease.destroy(),
        () => why,
      );
    };
    connection.on('error', lose);
    lease.onLost(lose);
    this.emit('connection', connection);
    this.emit('acquire', connection);
    return connection;
  }

  async #with<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await this.getConnection();
    try {
      const result = await work(connection);
      const leftOpen = leftOpenBy(this.#leases.get(connection));
      if (leftOpen !== undefined) throw leftOpen;
      return result;
    } finally {
      await connection.release();
    }
  }
}

const mariadb = new LazyPackage<typeof import('mariadb')>('mariadb', () => import('mariadb'));

async function loadDriver(): Promise<typeof import('mariadb')> {
  try {
    return await mariadb.load();
  } catch (cause) {
    if (cause instanceof OutOfResourcesError) throw cause;
    throw new DriverMissingError('mariadbPool needs the package mariadb, which could not be loaded.', {
      hint: 'Install it: npm install mariadb',
      cause,
    });
  }
}

function closedError(): ClosedError {
  return new ClosedError('pool is closed', { hint: 'Make a pool of its own for whoever ends it.' });
}

function connectionLost(): ConnectionLostError {
  return new ConnectionLostError('The connection was lost.', {
    hint: 'A transaction that was open is rolled back. Ask for another connection and begin again.',
  });
}

function leaseEnded(): LeaseEndedError {
  return new LeaseEndedError('This connection was given back to the pool.', {
    hint: 'Ask for a connection for each piece of work, and use it only until you release it.',
  });
}

function refused(name: string): NotSupportedError {
  return new NotSupportedError(`A pool of tenants does not let ${name} run.`, {
    hint: 'Its user, its database and its files are not the borrower’s; use the driver itself for that.',
  });
}
