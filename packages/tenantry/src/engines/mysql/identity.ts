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
import { classifyError, serverErrorNumber } from './errors.js';

// No CHECK in it: drizzle-kit 0.31 fails on a check of a table that it was told to leave alone.
const IDENTITY_TABLE = `CREATE TABLE IF NOT EXISTS tenantry_identity (
  id TINYINT NOT NULL PRIMARY KEY,
  incarnation CHAR(36) NOT NULL,
  tenant_id CHAR(36) NOT NULL,
  epoch BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  state VARCHAR(16) NOT NULL,
  updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

const COLUMNS = identityColumns.join(', ');
const MATCHES = `id = 1 AND ${identityColumns.map((column) => `${column} = ?`).join(' AND ')}`;

const READ = `SELECT ${COLUMNS} FROM tenantry_identity WHERE id = 1`;
const INSERT = `INSERT INTO tenantry_identity (id, ${COLUMNS}) VALUES (1, ?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE tenantry_identity SET ${identityColumns.map((column) => `${column} = ?`).join(', ')} WHERE ${MATCHES}`;
const DELETE = `DELETE FROM tenantry_identity WHERE ${MATCHES}`;

const MISSING_TABLE = 1146;
const UNKNOWN_COLUMN = 1054;

/** What a database says it is. Throws IdentityMismatchError for what is not of our making. */
export async function readIdentity(
  run: (sql: string) => Promise<StatementResult>,
  database: string,
): Promise<Identity | undefined> {
  try {
    const [row] = (await run(READ)).rows;
    return row && identityIn(row, database);
  } catch (error) {
    const number = serverErrorNumber(error);
    if (number === MISSING_TABLE) return undefined;
    if (number === UNKNOWN_COLUMN) throw foreignIdentity(database, error);
    throw error;
  }
}

/** Changes it from exactly what it was. */
export async function changeIdentity(connection: EngineConnection, change: IdentityChange): Promise<void> {
  if (change[0] === undefined) {
    const conflict = await conflictIn(connection);
    if (conflict !== undefined) throw placementConflict(connection.database, conflict);
    await connection.query(IDENTITY_TABLE);
  }
  try {
    await connection.begin();
    const changed = await compareAndSet(connection, change);
    await connection.commit();
    if (changed === 1) return;
  } catch (error) {
    if (serverErrorNumber(error) === UNKNOWN_COLUMN) throw foreignIdentity(connection.database, error);
    if (classifyError(error) !== 'unique-violation') throw error;
  }
  throw identityChanged(connection.database);
}

/** What keeps the connection's database from being one tenant's own. */
export async function conflictIn(connection: EngineConnection): Promise<PlacementConflict | undefined> {
  // Of this database only, and exactly: the collation of information_schema may take another's name for the same.
  const { rows } = await connection.query("SHOW TABLES LIKE 'tenantry_catalog'");
  return rows.some((row) => Object.values(row)[0] === 'tenantry_catalog') ? 'catalog' : undefined;
}

async function compareAndSet(connection: EngineConnection, [from, to]: IdentityChange): Promise<number> {
  if (to === undefined) return (await connection.query(DELETE, identityValues(from))).affectedRows;
  if (from === undefined) return (await connection.query(INSERT, identityValues(to))).affectedRows;
  return (await connection.query(UPDATE, [...identityValues(to), ...identityValues(from)])).affectedRows;
}

/**
 * Whether this user may make a table in a database, by what was granted to it and to its roles. A grant's
 * database is a pattern as LIKE has them.
 */
export async function mayIdentify(connection: EngineConnection, database: string): Promise<boolean> {
  try {
    const { rows } = await connection.query(MAY_CREATE, [database]);
    return rows.length > 0;
  } catch {
    // Roles are not shown by every server. Whoever tries finds out.
    return true;
  }
}

// As grants name those who hold them: 'user'@'host', and a role by its name alone or as a user.
const GRANTEES = `SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AS grantee
  UNION SELECT ROLE_NAME FROM information_schema.ENABLED_ROLES WHERE ROLE_NAME IS NOT NULL
  UNION SELECT CONCAT('''', ROLE_NAME, '''@''%''') FROM information_schema.ENABLED_ROLES WHERE ROLE_NAME IS NOT NULL
  UNION SELECT CONCAT('''', ROLE_NAME, '''@''''') FROM information_schema.ENABLED_ROLES WHERE ROLE_NAME IS NOT NULL`;

const MAY_CREATE = `SELECT 1 AS may FROM information_schema.USER_PRIVILEGES AS held
  JOIN (${GRANTEES}) AS own ON held.GRANTEE = own.grantee WHERE held.PRIVILEGE_TYPE = 'CREATE'
  UNION SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES AS held
  JOIN (${GRANTEES}) AS own ON held.GRANTEE = own.grantee
  WHERE held.PRIVILEGE_TYPE = 'CREATE' AND ? LIKE held.TABLE_SCHEMA`;
