import type { EngineConnection, StatementResult } from '../../engine/connection.js';
import {
  foreignIdentity,
  identityChanged,
  identityColumns,
  identityIn,
  identityValues,
} from '../../engine/identity.js';
import { type PlacementConflict, placementConflict } from '../../engine/placement-conflict.js';
import type { IdentityChange } from '../../engine/provisioning.js';
import type { Identity } from '../../tenant/tenant.js';
import { classifyError } from './errors.js';

/** One row that says whose database this is; nothing else of the file is ours. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS tenantry_identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  incarnation TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  state TEXT NOT NULL,
  updated_at TEXT NOT NULL
)`;

const COLUMNS = identityColumns.join(', ');
const MATCHES = `id = 1 AND ${identityColumns.map((column) => `${column} = ?`).join(' AND ')}`;

const READ = `SELECT ${COLUMNS} FROM main.tenantry_identity WHERE id = 1`;
const INSERT = `INSERT INTO tenantry_identity (updated_at, id, ${COLUMNS}) VALUES (?, 1, ?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE tenantry_identity SET updated_at = ?, ${identityColumns.map((column) => `${column} = ?`).join(', ')} WHERE ${MATCHES}`;
const DELETE = `DELETE FROM tenantry_identity WHERE ${MATCHES}`;
const MARK_DELETED = "UPDATE tenantry_identity SET state = 'deleted' WHERE id = 1";

/** What a database says it is. Throws IdentityMismatchError for what is not of our making. */
export async function readIdentity(
  connection: Pick<EngineConnection, 'query' | 'database'>,
): Promise<Identity | undefined> {
  try {
    return identityOf(await connection.query(READ), connection.database);
  } catch (error) {
    return noneOf(error, connection.database);
  }
}

/** The same, without waiting. */
export function readIdentityNow(
  query: (sql: string) => StatementResult,
  database: string,
): Identity | undefined {
  try {
    return identityOf(query(READ), database);
  } catch (error) {
    return noneOf(error, database);
  }
}

function identityOf({ rows: [row] }: StatementResult, database: string): Identity | undefined {
  return row && identityIn(row, database);
}

function noneOf(error: unknown, database: string): undefined {
  if (classifyError(error) === 'missing-table') return undefined;
  throw isUnknownColumn(error) ? foreignIdentity(database, error) : error;
}

function isUnknownColumn(error: unknown): boolean {
  return error instanceof Error && /no (?:such )?column|has no column named/.test(error.message);
}

/** Changes it from exactly what it was, under the file's write lock. */
export async function changeIdentity(connection: EngineConnection, change: IdentityChange): Promise<void> {
  await connection.begin();
  try {
    if (change[0] === undefined) {
      const conflict = await conflictIn(connection);
      if (conflict !== undefined) throw placementConflict(connection.database, conflict);
      await connection.query(CREATE_TABLE);
    }
    await compareAndSet(connection, change);
    await connection.commit();
  } catch (error) {
    // The first error says why; whoever opened the connection closes it.
    await connection.rollback().catch(() => {});
    noneOf(error, connection.database);
    throw identityChanged(connection.database);
  }
}

/** What in a file keeps it from being one tenant's own. */
export async function conflictIn(
  connection: Pick<EngineConnection, 'query'>,
): Promise<PlacementConflict | undefined> {
  const { rows } = await connection.query("SELECT 1 FROM sqlite_master WHERE name = 'tenantry_catalog'");
  return rows.length > 0 ? 'catalog' : undefined;
}

async function compareAndSet(connection: EngineConnection, [from, to]: IdentityChange): Promise<void> {
  if (from === undefined && (await readIdentity(connection)) !== undefined) {
    throw identityChanged(connection.database);
  }
  const now = new Date();
  const { affectedRows } =
    to === undefined
      ? await connection.query(DELETE, identityValues(from))
      : from === undefined
        ? await connection.query(INSERT, [now, ...identityValues(to)])
        : await connection.query(UPDATE, [now, ...identityValues(to), ...identityValues(from)]);
  if (affectedRows !== 1) throw identityChanged(connection.database);
}

/** Says, under the file's write lock, that this is nobody's database any more: whoever proves it next is turned away. */
export async function markDeleted(connection: EngineConnection): Promise<void> {
  await connection.begin();
  try {
    await connection.query(MARK_DELETED);
    await connection.commit();
  } catch (error) {
    await connection.rollback().catch(() => {});
    if (classifyError(error) !== 'missing-table') throw error;
  }
}
