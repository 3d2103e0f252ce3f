import { NotSupportedError } from '../../errors.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import { placementOf } from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import { bindBuilders, type KnexBuilders } from './knex-builders.js';

/** What is used of a Knex instance beyond its types. */
interface KnexInternals {
  readonly client?: {
    readonly connectionSettings?: object;
    readonly dialect?: unknown;
    database?(): unknown;
  };
}

/**
 * Ties the builders of a Knex over `mysqlPool(tenancy)` or `pgPool(tenancy)` to the context in which they are made, and
 * tells it in which database it is: that of the tenant in context. Gives back the same instance.
 *
 * A builder sends nothing before it is awaited, and goes to the tenant of the context then. With this one that was
 * made in the context of one tenant and is awaited in that of another is refused (`TENANTRY_TENANT_SWITCH`); one
 * that was made outside of every context is whoever's awaits it. `sqliteKnexClient` does so by itself.
 *
 * On MySQL and MariaDB Knex puts the name out of its own connection settings into what looks at the schema:
 * `columnInfo()`, and the search for foreign keys when a column is renamed. A pool of ours has no such settings, and
 * without this they would find nothing. The tenant must have been looked up before: else they throw
 * `RouteUnknownError` (`TENANTRY_ROUTE_UNKNOWN`). PostgreSQL does without.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of Knex has its settings elsewhere.
 * @example
 * ```ts
 * const db = ambientKnex(tenancy, knex({ client: 'mysql2', connectionPool: mysqlPool(tenancy) }))
 * await tenancy.run('acme', () => db('users').columnInfo())
 * ```
 */
export function ambientKnex<Db extends object>(tenancy: Tenancy, db: Db): Db {
  assertTenancy('ambientKnex', tenancy);
  const { client } = Object(db) as KnexInternals;
  if (client === undefined) throw noSettings();
  if (client?.dialect !== 'postgresql') nameDatabase(tenancy, client);
  bindBuilders(tenancy, client as unknown as KnexBuilders);
  return db;
}

function nameDatabase(tenancy: Tenancy, client: KnexInternals['client']): void {
  const settings = client?.connectionSettings;
  const before = settings && Object.getOwnPropertyDescriptor(settings, 'database');
  let probed: string | undefined = 'tenantry-probe';
  // On the settings, because the clients of Knex's transactions share them.
  if (settings !== undefined) {
    const get = () => probed ?? placementOf(tenancy.clients()).database;
    Object.defineProperty(settings, 'database', { get, enumerable: false, configurable: true });
  }
  if (client?.database?.() !== probed) {
    // The Knex stays its owner's, who may go on with it.
    if (before !== undefined) Object.defineProperty(settings, 'database', before);
    else if (settings !== undefined) Reflect.deleteProperty(settings, 'database');
    throw noSettings();
  }
  probed = undefined;
}

function noSettings(): NotSupportedError {
  return new NotSupportedError('This Knex does not look where it is in the settings of its connection.', {
    hint: 'Use a version of Knex that docs/compatibility.md names.',
  });
}
