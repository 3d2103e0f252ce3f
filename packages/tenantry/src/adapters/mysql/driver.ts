import mysql2, { type Connection, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';
import { InvalidOptionError, NotSupportedError } from '../../errors.js';
import type { Tenancy } from '../../tenancy.js';
import { KeptName } from '../orm/kept-name.js';
import { assertKnown, type MysqlPoolOptions, valueOptions } from './pool-options.js';
import { TenantPool } from './tenant-pool.js';

/** What of the module `mysql2` opens no connection. */
type Kept = Pick<
  typeof mysql2,
  'Types' | 'Charsets' | 'CharsetToEncoding' | 'authPlugins' | 'escape' | 'escapeId' | 'format' | 'raw'
>;

/** The module `mysql2` as {@link mysqlDriver} gives it. */
export interface MysqlDriver extends Kept {
  /**
   * A pool of the tenancy. Of the host's options those count that say how values are read and written
   * ({@link MysqlPoolOptions}); addresses and limits are the tenancy's.
   *
   * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for `multipleStatements`, `flags`, `infileStreamFactory`
   * and a `charset` other than utf8mb4.
   */
  createPool(options?: PoolOptions | string): Pool;
  /** {@link MysqlDriver.createPool}, with its `promise()`. */
  createPoolPromise(options?: PoolOptions | string): PromisePool;
  /** Refused: who opens connections keeps them in a pool of its own, and would hand one tenant's to another. */
  createConnection(...args: unknown[]): never;
  createConnectionPromise(...args: unknown[]): never;
  connect(...args: unknown[]): never;
  /** Refused: where a tenant's data lives is said by the catalog, not by a list of nodes. */
  createPoolCluster(...args: unknown[]): never;
  createPoolClusterPromise(...args: unknown[]): never;
  /** Refused: a pool of tenants is no server. */
  createServer(...args: unknown[]): never;
  readonly Connection: typeof Connection;
}

/**
 * The driver module `mysql2` over a tenancy's connections, for hosts that take the module and not a pool, as
 * TypeORM's `driver`. Knex and Drizzle take {@link mysqlPool}.
 *
 * TypeORM asks at its start in which database it is, and writes the answer into its schema tools' statements. So it is
 * given a name that nothing has, and a statement with it is refused (`TENANTRY_NOT_SUPPORTED`): with `ambientTypeorm` of
 * `tenantry/orm` those tools work on the tenant in context.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) as `mysqlPool` does, and NotSupportedError
 * (`TENANTRY_NOT_SUPPORTED`) for what would open connections of the host's own.
 * @example
 * ```ts
 * const options = { type: 'mariadb', driver: mysqlDriver(tenancy), entities }
 * const source = await ambientTypeorm(tenancy, () => new DataSource(options))
 * ```
 */
export function mysqlDriver(tenancy: Tenancy, options: MysqlPoolOptions = {}): MysqlDriver {
  assertKnown(options);
  const createPool = (host: PoolOptions | string = {}): Pool => {
    // An address as a text says nothing about values.
    const own = typeof host === 'string' ? {} : host;
    assertHarmless(own);
    return new ModulePool(tenancy, { ...valueOptions(own), ...options }) as unknown as Pool;
  };
  // A mistake in the options is said now, and not when the host makes its pool.
  void createPool();
  const { Types, Charsets, CharsetToEncoding, authPlugins, escapeId, format, raw, Connection } = mysql2;
  const noConnection = () =>
    refuse('A connection of its own', 'Use createPool, or mysqlPool where a pool is taken.');
  const noCluster = () => refuse('A cluster of pools', 'Use createPool; the catalog knows the servers.');
  return Object.freeze({
    createPool,
    createPoolPromise: (host?: PoolOptions | string) => createPool(host).promise(),
    createConnection: noConnection,
    createConnectionPromise: noConnection,
    connect: noConnection,
    createPoolCluster: noCluster,
    createPoolClusterPromise: noCluster,
    createServer: () => refuse('A server', 'Take createServer from mysql2 itself.'),
    ...{ Types, Charsets, CharsetToEncoding, authPlugins, escapeId, format, raw, Connection },
    escape: mysql2.escape,
  });
}

/** A pool of a host that has the module, and so may keep what it is told of its database. */
class ModulePool extends TenantPool {
  /** Where there is one tenant only, it may. */
  readonly #kept: KeptName | undefined;

  constructor(tenancy: Tenancy, options: MysqlPoolOptions) {
    super(tenancy, options);
    if (options.tenant === undefined) this.#kept = new KeptName('SELECT DATABASE() AS `db_name`');
  }

  override getConnection(callback: (error: unknown, connection?: PoolConnection) => void): void {
    const kept = this.#kept;
    super.getConnection((error, connection) => {
      if (kept !== undefined && connection !== undefined) watchForKeptName(connection, kept);
      callback(error, connection);
    });
  }
}

function watchForKeptName(connection: PoolConnection, kept: KeptName): void {
  const { query } = connection as unknown as { readonly query: (...given: unknown[]) => unknown };
  const own = (sql: unknown, values?: unknown, ...rest: unknown[]) => {
    if (!kept.isAsked(sql)) kept.assertAbsent(sql, values);
    else sql = `SELECT '${kept.name}' AS \`db_name\``;
    return Reflect.apply(query, connection, [sql, values, ...rest]);
  };
  Object.assign(connection, { query: own });
}

function assertHarmless(host: PoolOptions): void {
  const { multipleStatements, flags, infileStreamFactory, charset = 'utf8mb4' } = host;
  const refused = [
    multipleStatements && 'multipleStatements',
    flags !== undefined && 'flags',
    infileStreamFactory && 'infileStreamFactory',
    !/^utf8mb4(?:_|$)/i.test(charset) && 'charset',
  ].find((name) => typeof name === 'string');
  if (refused === undefined) return;
  throw new InvalidOptionError(`A pool of tenants cannot have the option ${refused}.`, {
    hint: 'Connections are shared: each speaks utf8mb4, runs one statement at a time and reads no local file.',
  });
}

function refuse(what: string, hint: string): never {
  throw new NotSupportedError(`${what} would belong to no tenant.`, { hint });
}
