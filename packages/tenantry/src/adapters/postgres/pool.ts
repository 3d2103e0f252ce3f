import type pg from 'pg';
import type { Tenancy } from '../../tenancy.js';
import { type PgPoolOptions, TenantPool } from './tenant-pool.js';

/**
 * A `pg.Pool` over a tenancy's connections, for whatever takes one: Drizzle, Kysely, Knex, applications.
 * Without `tenant` it is ambient, so that one instance serves every tenant.
 *
 * It is pg's pool in `instanceof`, `connect`, `query`, events and counters, with callbacks and with
 * promises. What differs: a client ends with its release, and so does whatever was left in its session; a
 * statement that failed does not close its connection; `end()` closes nothing but this pool; no `error`
 * is emitted, because nothing idle is its own. Limits and times are the tenancy's.
 *
 * Errors come as pg's pool gives them, as a rejection or to the callback: the driver's own for statements;
 * before any I/O `NoTenantError` (`TENANTRY_NO_TENANT`) without a tenant and `ClosedError`
 * (`TENANTRY_CLOSED`) after `end()`; and what a session's first use throws.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined` included.
 * @example
 * ```ts
 * const db = drizzle(pgPool(tenancy), { schema })
 * await tenancy.run('acme', async () => db.select().from(users))
 * ```
 */
export function pgPool(tenancy: Tenancy, options?: PgPoolOptions): pg.Pool {
  return new TenantPool(tenancy, options) as unknown as pg.Pool;
}
