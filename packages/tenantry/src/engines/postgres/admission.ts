import type { DatabasePart } from '../../engine/place.js';
import { UnsafeIsolationError } from '../../errors.js';
import type { Client } from './driver.js';
import { ask } from './own-values.js';
import { UNGUARDED, unguardedTables } from './row-policies.js';

/** Tables named in a refusal. */
const TABLES_TOLD = 5;

const KEEPS_MEMORY = `(EXISTS (SELECT FROM pg_catalog.pg_language
      WHERE lanname::pg_catalog.text <> ALL ('{internal,c,sql,plpgsql}'::pg_catalog.text[]))
    OR EXISTS (SELECT FROM pg_catalog.pg_extension
      WHERE extname::pg_catalog.text = ANY ('{dblink,pg_variables}'::pg_catalog.text[])))`;
const SEES_ALL = '(SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)';

/** What is asked of a session that shall serve several tenants. */
const FACTS = `SELECT pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.pg_postmaster_start_time()::pg_catalog.text AS started,
  (SELECT oid::pg_catalog.text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS database,
  pg_catalog.inet_server_addr()::pg_catalog.text AS address,
  ${KEEPS_MEMORY} AS keeps_memory, ${SEES_ALL} AS sees_all`;

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

/** Why a session is not admitted any more: its database has what keeps a memory, the user sees all rows, or these tables. */
export type Trouble = 'memory' | UnsafeIsolationError;

const MEMORY = 'memory';
const BYPASS = 'bypass';
const TOLD = /{tenantry:(.*):tenantry}/s;

/**
 * The statement that proves again what {@link admit} has found, to be written ahead of another one: it answers with no
 * rows, or fails with an error in which {@link troubleIn} finds why. What was known to keep a memory is not asked for.
 */
export function proofOf(isolation: DatabasePart['isolation'], keepsMemory: boolean): string {
  const troubles = [
    ...(keepsMemory ? [] : [`SELECT '${MEMORY}' WHERE ${KEEPS_MEMORY}`]),
    ...(isolation === 'row'
      ? [
          `SELECT '${BYPASS}' WHERE ${SEES_ALL}`,
          `(SELECT pg_catalog.format('%s (%s)', "table", reason) FROM (${UNGUARDED}) AS unguarded LIMIT ${TABLES_TOLD})`,
        ]
      : []),
  ];
  if (troubles.length === 0) return 'SELECT WHERE false';
  // There is no other way to fail in plain SQL with a text of one's own.
  return `SELECT FROM (
      SELECT pg_catalog.string_agg(told, ', ') AS told FROM (${troubles.join(' UNION ALL ')}) AS trouble (told)) AS troubles
    WHERE ('{tenantry:' || told || ':tenantry}')::pg_catalog.int4 = 0`;
}

/** Why the server refused the statement of {@link proofOf}; undefined if for something else. */
export function troubleIn(client: Client, error: unknown): Trouble | undefined {
  const told = error instanceof Error ? TOLD.exec(error.message)?.[1] : undefined;
  if (told === undefined) return undefined;
  if (told === MEMORY) return MEMORY;
  const troubles = told.startsWith(`${MEMORY}, `) ? told.slice(MEMORY.length + 2) : told;
  return troubles === BYPASS || troubles.startsWith(`${BYPASS}, `)
    ? seesAll(client)
    : unguarded(client, troubles);
}

/** @throws UnsafeIsolationError (`TENANTRY_UNSAFE_ISOLATION`) if a tenant could meet another's rows in a table that the session may use. */
async function assertGuarded(client: Client): Promise<void> {
  const tables = await unguardedTables({ query: (sql) => ask(client, sql) });
  if (tables.length === 0) return;
  const told = tables.slice(0, TABLES_TOLD).map(({ table, reason }) => `${table} (${reason})`);
  const more = tables.length > told.length ? `, and ${tables.length - told.length} more` : '';
  throw unguarded(client, `${told.join(', ')}${more}`);
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

function unguarded({ user, database }: Client, told: string): UnsafeIsolationError {
  return new UnsafeIsolationError(
    `In the database ${database} the user ${user} may use tables that do not keep tenants apart: ${told}.`,
    { hint: 'Run rowPolicies(table, column) as their owner; see docs/isolation.md.' },
  );
}
