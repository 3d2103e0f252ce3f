import type { Pool } from 'mysql2';
import type { Tenancy } from '../../tenancy.js';
import { assertKnown, type MysqlPoolOptions } from './pool-options.js';
import { TenantPool } from './tenant-pool.js';

/**
 * A mysql2 `Pool` over a tenancy's connections, for whatever takes one: Drizzle, Kysely, Knex,
 * applications. Without `tenant` it is ambient, so that one instance serves every tenant.
 *
 * It is mysql2's pool in `instanceof`, `getConnection`, `query`, `execute`, events, callbacks, streams and
 * `promise()`. What differs: a connection ends with its release, and so does whatever was left in its
 * session, so `connection` is emitted for each that is given out; `enqueue` is emitted for whoever is not
 * served at once; `end()` closes nothing but this pool; values that are objects are refused. Limits and
 * times are the tenancy's.
 *
 * Errors come as mysql2's pool gives them, to the callback or as a rejection: the driver's own for
 * statements; before any I/O `NoTenantError` (`TENANTRY_NO_TENANT`) without a tenant and `ClosedError`
 * (`TENANTRY_CLOSED`) after `end()`; and what a session's first use throws.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined`
 * included, or for an option that is not known.
 * @example
 * ```ts
 * const db = drizzle(mysqlPool(tenancy), { schema, mode: 'default' })
 * await tenancy.run('acme', async () => db.select().from(users))
 * ```
 */
export function mysqlPool(tenancy: Tenancy, options: MysqlPoolOptions = {}): Pool {
  assertKnown(options);
  return new TenantPool(tenancy, options) as unknown as Pool;
}
