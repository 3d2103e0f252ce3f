import { Database, type SqliteDatabase } from '../../engines/sqlite/lent/index.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { Tenancy } from '../../tenancy.js';
import { readOptions, type SqliteDatabaseOptions } from './options.js';
import { TenantHome } from './tenant-home.js';

/**
 * better-sqlite3's `Database` over a tenancy's files, for whatever takes one: Drizzle, Kysely, applications.
 * Without `tenant` it is ambient, so that one instance serves every tenant. It runs on whichever driver the
 * engine has, better-sqlite3 or libsql.
 *
 * Each call takes a handle of the tenant's from the pool and gives it back; a statement is prepared where it
 * runs, and again after that handle was closed. What `exec('BEGIN')` begins goes on in the same
 * `tenancy.run` (outside of one: in whatever uses this object) on a handle that nobody else gets, until it
 * is ended; an iteration has a handle to itself as well.
 *
 * What differs: it cannot wait. The tenant must have been looked up (`await tenancy.session(name).ready()`,
 * which the middleware of a request does), and a lock that another handle holds is `SQLITE_BUSY` at once,
 * because waiting for it would stop the event loop; `sqliteDialect` and sessions wait. A file that another
 * program keeps locked while it is opened is `ServerUnavailableError` (`TENANTRY_SERVER_UNAVAILABLE`, `kind`
 * `lock-timeout`): try again, or `await tenancy.warmUp([name])` before. `prepare` looks at a
 * statement when it first runs. Refused with their reason: `ATTACH`, PRAGMAs that change a handle, and
 * `function`, `aggregate`, `table`, `loadExtension`, `backup`, `serialize`, `defaultSafeIntegers`,
 * `unsafeMode`. `close()` closes only this object.
 *
 * Errors are the driver's own for statements, and `NoTenantError` (`TENANTRY_NO_TENANT`),
 * `RouteUnknownError` (`TENANTRY_ROUTE_UNKNOWN`), `InvalidInputError` (`TENANTRY_INVALID_INPUT`) for what is
 * refused, `PoolTimeoutError` (`TENANTRY_POOL_TIMEOUT`) where no handle is free, `StatementTimeoutError`
 * (`TENANTRY_TIMEOUT`) after `transactionMs`, `ClosedError` (`TENANTRY_CLOSED`).
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined` included.
 * @example
 * ```ts
 * const db = drizzle(sqliteDatabase(tenancy), { schema })
 * await tenancy.run('acme', async () => {
 *   await tenancy.session().ready()
 *   return db.select().from(users).all()
 * })
 * ```
 */
export function sqliteDatabase(tenancy: Tenancy, options: SqliteDatabaseOptions = {}): SqliteDatabase {
  assertTenancy('sqliteDatabase', tenancy);
  const { tenant, limits } = readOptions(options);
  return new Database(new TenantHome(tenancy, tenant, limits));
}
