import type { EngineConnection, StatementResult } from '../../engine/connection.js';
import { foreignIdentity, identityChanged, identityColumns, identityValues } from '../../engine/identity.js';
import { type PlacementConflict, placementConflict } from '../../engine/placement-conflict.js';
import type { IdentityChange } from '../../engine/provisioning.js';
import type { Identity } from '../../tenant/tenant.js';
import { classifyError, sqlState } from './errors.js';

const UNDEFINED_COLUMN = '42703';

/**
 * The columns of an identity. Everything is qualified, so that no search_path can put another table or
 * operator in its place, and cast to text, so that no type parser of the application changes it.
 */
export const IDENTITY_COLUMNS = identityColumns.map((column) => `${column}::pg_catalog.text`).join(', ');

/** What an identity is made of, in a table. */
export const IDENTITY_PARTS = `incarnation text NOT NULL,
    tenant_id text NOT NULL,
    epoch bigint NOT NULL,
    fence bigint NOT NULL,
    state text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()`;

export const READ_IDENTITY = `SELECT ${IDENTITY_COLUMNS}
  FROM tenantry.identity WHERE id OPERATOR(pg_catalog.=) 1`;

/** The identity's schema and table, one statement each. A schema of its own keeps schema tools away. */
const IDENTITY_TABLE: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS tenantry',
  `CREATE TABLE IF NOT EXISTS tenantry.identity (
    id smallint PRIMARY KEY CHECK (id = 1),
    ${IDENTITY_PARTS}
  )`,
];

/** Undefined where there is no such table. Throws IdentityMismatchError for a table of another make, else the error itself. */
export function noIdentity(error: unknown, database: string): undefined {
  if (classifyError(error) === 'missing-table') return undefined;
  throw sqlState(error) === UNDEFINED_COLUMN ? foreignIdentity(database, error) : error;
}

/** What stands in a database, asked of what everybody may read. */
const RESIDENTS = `SELECT
    EXISTS (SELECT FROM pg_catalog.pg_class
      WHERE relname = 'tenantry_catalog' AND relkind IN ('r', 'p')) AS catalog,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = 'part_identity'
      AND relnamespace = pg_catalog.to_regnamespace('tenantry')) AS shared`;

/** What keeps the connection's database from being one tenant's own. */
export async function conflictIn(connection: EngineConnection): Promise<PlacementConflict | undefined> {
  const [row] = (await connection.query(RESIDENTS)).rows;
  if (row?.catalog !== false) return 'catalog';
  return row.shared === false ? undefined : 'shared';
}

/** Writes the identity of a database that says nothing. */
export async function identifyWhole(connection: EngineConnection, to: Identity): Promise<void> {
  await makingIdentities(connection, async () => {
    const conflict = await conflictIn(connection);
    if (conflict !== undefined) throw placementConflict(connection.database, conflict);
    for (const sql of IDENTITY_TABLE) await connection.query(sql);
    await compareAndSet(connection, WHOLE, [undefined, to]);
  });
}

/**
 * A transaction that makes tables of identities, one at a time in a database: so that nobody makes it one tenant's own
 * while another makes it shared, and because IF NOT EXISTS alone lets two at once fail on the system's own indexes.
 */
export async function makingIdentities(
  connection: EngineConnection,
  make: () => Promise<void>,
): Promise<void> {
  await connection.begin({ isolationLevel: 'read committed' });
  await connection.query("SELECT pg_advisory_xact_lock(hashtext('tenantry.identity'))");
  await make();
  await connection.commit();
}

type Columns = Readonly<Record<string, string | number>>;

/** The row of a table in which an identity stands: its key's columns and their values, in the same order. */
export interface IdentityRow {
  readonly table: string;
  readonly key: Columns;
}

/** The one row of a database that is one tenant's. */
export const WHOLE: IdentityRow = { table: 'tenantry.identity', key: { id: 1 } };

/**
 * Changes an identity from exactly what it was, in one statement.
 *
 * @throws IdentityMismatchError (`TENANTRY_IDENTITY_MISMATCH`) if it is anything else.
 */
export async function compareAndSet(
  connection: EngineConnection,
  { table, key }: IdentityRow,
  [from, to]: IdentityChange,
): Promise<void> {
  const values: (string | number)[] = [];
  const place = (value: string | number) => `$${values.push(value)}`;
  const each = (columns: Columns, operator: string) =>
    Object.entries(columns).map(([column, value]) => `${column} ${operator} ${place(value)}`);
  const isRow = (identity: Identity) =>
    each({ ...key, ...columnsOf(identity) }, 'OPERATOR(pg_catalog.=)').join(' AND ');
  const run = async (sql: string): Promise<StatementResult> => {
    try {
      return await connection.query(sql, values);
    } catch (error) {
      noIdentity(error, connection.database);
      throw identityChanged(connection.database);
    }
  };
  let result: StatementResult;
  if (to === undefined) {
    result = await run(`DELETE FROM ${table} WHERE ${isRow(from)}`);
  } else if (from === undefined) {
    const row = { ...key, ...columnsOf(to) };
    result = await run(
      `INSERT INTO ${table} (${Object.keys(row).join(', ')})
       VALUES (${Object.values(row).map(place).join(', ')}) ON CONFLICT DO NOTHING`,
    );
  } else {
    const changes = each(columnsOf(to), '=').join(', ');
    result = await run(`UPDATE ${table} SET ${changes}, updated_at = pg_catalog.now() WHERE ${isRow(from)}`);
  }
  if (result.affectedRows !== 1) throw identityChanged(connection.database);
}

function columnsOf(identity: Identity): Columns {
  const values = identityValues(identity) as (string | number)[];
  return Object.fromEntries(identityColumns.map((column, index) => [column, values[index] ?? '']));
}

/** Whether the role may make the identity's schema or, where that is there, its table. */
export const MAY_IDENTIFY = `SELECT CASE
    WHEN pg_catalog.to_regclass('tenantry.identity') IS NOT NULL
      THEN pg_catalog.has_table_privilege('tenantry.identity', 'INSERT')
    ELSE pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') END AS may`;
