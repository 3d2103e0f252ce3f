import type { EngineConnection, Row, StatementResult } from '../../engine/connection.js';
import { tenantStatuses } from '../../tenant/status.js';
import type { Identity } from '../../tenant/tenant.js';
import { classifyError } from './errors.js';

/** One row that says whose database this is; nothing else of the file is ours. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS tenantry_identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  tenant_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  state TEXT NOT NULL,
  updated_at TEXT NOT NULL
)`;

const WRITE = `INSERT INTO tenantry_identity (id, tenant_id, epoch, state, updated_at)
VALUES (1, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  tenant_id = excluded.tenant_id, epoch = excluded.epoch, state = excluded.state, updated_at = excluded.updated_at`;

const READ = 'SELECT tenant_id, epoch, state FROM main.tenantry_identity WHERE id = 1';

/** What the database says it is; undefined where it says nothing, or nothing that makes sense. */
export async function readIdentity(
  connection: Pick<EngineConnection, 'query'>,
): Promise<Identity | undefined> {
  try {
    return identityIn((await connection.query(READ)).rows);
  } catch (error) {
    return noneOf(error);
  }
}

/** The same, without waiting. */
export function readIdentityNow(query: (sql: string) => StatementResult): Identity | undefined {
  try {
    return identityIn(query(READ).rows);
  } catch (error) {
    return noneOf(error);
  }
}

function identityIn([row = {}]: readonly Row[]): Identity | undefined {
  const { tenant_id: tenantId, epoch, state } = row;
  const status = tenantStatuses.find((known) => known === state);
  if (typeof tenantId !== 'string' || typeof epoch !== 'number' || status === undefined) return undefined;
  return { tenantId, epoch, state: status };
}

function noneOf(error: unknown): undefined {
  if (classifyError(error) !== 'missing-table') throw error;
}

/** Writes what the database is, in one transaction. */
export async function writeIdentity(connection: EngineConnection, identity: Identity): Promise<void> {
  await connection.begin();
  try {
    await connection.query(CREATE_TABLE);
    await connection.query(WRITE, [identity.tenantId, identity.epoch, identity.state, new Date()]);
    await connection.commit();
  } catch (error) {
    // The first error says why; whoever opened the connection closes it.
    await connection.rollback().catch(() => {});
    throw error;
  }
}
