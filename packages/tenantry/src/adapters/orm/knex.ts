import { NotSupportedError } from '../../errors.js';
import type { TenantClients } from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';

/** What is used of a Knex instance beyond its types. */
interface KnexInternals {
  readonly client?: { readonly connectionSettings?: object; database?(): unknown };
}

/**
 * Tells a Knex over `mysqlPool(tenancy)` in which database it is: that of the tenant in context. Gives back the same
 * instance.
 *
 * On MySQL and MariaDB Knex puts the name out of its own connection settings into what looks at the schema:
 * `columnInfo()`, and the search for foreign keys when a column is renamed. A pool of ours has no such settings, and
 * without this they would find nothing. The tenant must have been looked up before: else they throw
 * `RouteUnknownError` (`TENANTRY_ROUTE_UNKNOWN`). PostgreSQL and SQLite do without.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of Knex has its settings elsewhere.
 * @example
 * ```ts
 * const db = ambientKnex(tenancy, knex({ client: 'mysql2', connectionPool: mysqlPool(tenancy) }))
 * await tenancy.run('acme', () => db('users').columnInfo())
 * ```
 */
export function ambientKnex<Db extends object>(tenancy: Tenancy, db: Db): Db {
  const { client } = db as KnexInternals;
  const settings = client?.connectionSettings;
  let probed: string | undefined = 'tenantry-probe';
  // On the settings, because the clients of Knex's transactions share them.
  if (settings !== undefined) {
    const get = () => probed ?? (tenancy.clients() as TenantClients).placement.database;
    Object.defineProperty(settings, 'database', { get, enumerable: false, configurable: true });
  }
  if (client?.database?.() !== probed) {
    throw new NotSupportedError('This Knex does not look where it is in the settings of its connection.', {
      hint: 'Use a version of Knex that docs/compatibility.md names.',
    });
  }
  probed = undefined;
  return db;
}
