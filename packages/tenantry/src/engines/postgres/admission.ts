import type { DatabasePart } from '../../engine/place.js';
import { UnsafeIsolationError } from '../../errors.js';
import type { Client } from './driver.js';
import { ask } from './own-values.js';
import { unguardedTables } from './row-policies.js';

/** Tables named in a refusal. */
const TABLES_TOLD = 5;

/** What is asked of a session that shall serve several tenants. */
const FACTS = `SELECT pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.pg_postmaster_start_time()::pg_catalog.text AS started,
  (SELECT oid::pg_catalog.text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS database,
  pg_catalog.inet_server_addr()::pg_catalog.text AS address,
  (EXISTS (SELECT FROM pg_catalog.pg_language
      WHERE lanname::pg_catalog.text <> ALL ('{internal,c,sql,plpgsql}'::pg_catalog.text[]))
    OR EXISTS (SELECT FROM pg_catalog.pg_extension
      WHERE extname::pg_catalog.text = ANY ('{dblink,pg_variables}'::pg_catalog.text[]))) AS keeps_memory,
  (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER) AS sees_all`;

/** What a session was found to be. */
export interface Admission {
  /** The server instance and the database on it, see `EngineConnection.instance`. */
  readonly instance: string;
  /** Whether somebody between us and the server answered for it: a pooler. */
  readonly isPooled: boolean;
  /** Whether its database has what keeps a memory that no reset takes away: `%_SHARED` of PL/Perl, connections of dblink. */
  readonly keepsMemory: boolean;
}

/**
 * Looks at a session that was just opened, and refuses one in which the tenants of a database could not be kept
 * apart, by row-level security, whatever it was bound to.
 *
 * @throws UnsafeIsolationError (`TENANTRY_UNSAFE_ISOLATION`)
 */
export async function admit(client: Client, { isolation }: DatabasePart): Promise<Admission> {
  const { pid, started, database, address, sees_all, keeps_memory } =
    (await ask<Facts>(client, FACTS))[0] ?? {};
  if (isolation === 'row') {
    if (sees_all !== false) throw seesAll(client);
    await assertGuarded(client);
  }
  const { processID } = client as Client & { readonly processID: number | null };
  return {
    instance: JSON.stringify([started, address, database]),
    isPooled: pid !== processID,
    keepsMemory: keeps_memory !== false,
  };
}

/** @throws UnsafeIsolationError (`TENANTRY_UNSAFE_ISOLATION`) if a tenant could meet another's rows in a table that the session may use. */
export async function assertGuarded(client: Client): Promise<void> {
  const tables = await unguardedTables({ query: (sql) => ask(client, sql) });
  if (tables.length > 0) throw unguarded(client, tables);
}

interface Facts {
  readonly pid?: number;
  readonly started?: string;
  readonly database?: string;
  readonly address?: string | null;
  readonly sees_all?: boolean;
  readonly keeps_memory?: boolean;
}

function seesAll({ user, database }: Client): UnsafeIsolationError {
  return new UnsafeIsolationError(
    `The user ${user} is a superuser or has BYPASSRLS: no policy keeps the rows of the tenants in ${database} apart.`,
    { hint: 'Serve tenants as a user of its own, without either, that does not own their tables.' },
  );
}

function unguarded(
  { user, database }: Client,
  tables: readonly { readonly table: string; readonly reason: string }[],
): UnsafeIsolationError {
  const told = tables.slice(0, TABLES_TOLD).map(({ table, reason }) => `${table} (${reason})`);
  const more = tables.length > told.length ? `, and ${tables.length - told.length} more` : '';
  return new UnsafeIsolationError(
    `In the database ${database} the user ${user} may use tables that do not keep tenants apart: ${told.join(', ')}${more}.`,
    { hint: 'Run rowPolicies(table, column) as their owner; see docs/isolation.md.' },
  );
}
