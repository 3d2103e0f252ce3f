import type { EngineConnection } from '../../engine/connection.js';
import { identityIn } from '../../engine/identity.js';
import type { DatabasePart } from '../../engine/place.js';
import { type PlacementConflict, placementConflict } from '../../engine/placement-conflict.js';
import type { IdentityChange } from '../../engine/provisioning.js';
import type { Identity } from '../../tenant/tenant.js';
import type { PostgresConnection } from './connection.js';
import { quoteIdentifier } from './identifiers.js';
import { compareAndSet, makingIdentities, noIdentity } from './identity.js';
import {
  DELETE_PART_IDENTITY,
  FIND_PART_IDENTITY,
  HAS_PART_IDENTITIES,
  PART_IDENTITIES,
  partName,
  rowOfPart,
} from './part-identity.js';

// What makes and describes the parts of a database, on a connection to the whole of it. A row key's part is
// nothing but its identity: the tables are there already.

/** Makes a schema. Rejects with kind `database-exists` if it is there. */
export async function createPart(connection: PostgresConnection, part: DatabasePart): Promise<void> {
  await assertShared(connection);
  await makeIdentities(connection);
  if (part.isolation === 'schema') await connection.query(`CREATE SCHEMA ${quoteIdentifier(part.schema)}`);
}

/** Drops a schema and everything in it, or forgets a row key and leaves its rows. */
export async function dropPart(connection: PostgresConnection, part: DatabasePart): Promise<void> {
  const hasIdentities = await hasIdentityTable(connection);
  await connection.begin();
  if (part.isolation === 'schema') {
    await connection.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(part.schema)} CASCADE`);
  }
  if (hasIdentities) await connection.query(DELETE_PART_IDENTITY, [part.isolation, partName(part)]);
  await connection.commit();
}

export async function partExists(connection: PostgresConnection, part: DatabasePart): Promise<boolean> {
  if (part.isolation === 'row') return (await readPartIdentity(connection, part)) !== undefined;
  // Compared as text: as a `name` the parameter would be cut off at 63 bytes.
  const sql = 'SELECT FROM pg_catalog.pg_namespace WHERE nspname::text = $1::text COLLATE "C"';
  return (await connection.query(sql, [part.schema])).rows.length > 0;
}

export async function isPartEmpty(connection: PostgresConnection, part: DatabasePart): Promise<boolean> {
  if (part.isolation === 'row') return true;
  const { rows } = await connection.query(
    `SELECT FROM pg_catalog.pg_class AS relation
       JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
     WHERE schema.nspname::text = $1::text COLLATE "C" AND relation.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     LIMIT 1`,
    [part.schema],
  );
  return rows.length === 0;
}

export async function readPartIdentity(
  connection: PostgresConnection,
  part: DatabasePart,
): Promise<Identity | undefined> {
  try {
    const { rows } = await connection.query(FIND_PART_IDENTITY, [part.isolation, partName(part)]);
    return rows[0] && identityIn(rows[0], connection.database);
  } catch (error) {
    return noIdentity(error, connection.database);
  }
}

/** Throws IdentityMismatchError if it is not what it was. */
export async function changePartIdentity(
  connection: PostgresConnection,
  part: DatabasePart,
  change: IdentityChange,
): Promise<void> {
  if (change[0] === undefined) await makeIdentities(connection);
  await compareAndSet(connection, rowOfPart(part), change);
}

async function hasIdentityTable(connection: PostgresConnection): Promise<boolean> {
  return (await connection.query(HAS_PART_IDENTITIES)).rows[0]?.has === true;
}

async function makeIdentities(connection: PostgresConnection): Promise<void> {
  if (await hasIdentityTable(connection)) return;
  await makingIdentities(connection, async () => {
    await assertShared(connection);
    for (const sql of PART_IDENTITIES) await connection.query(sql);
  });
}

/** @throws DatabaseExistsError (`TENANTRY_DATABASE_EXISTS`) if the whole database is one tenant's. */
async function assertShared(connection: PostgresConnection): Promise<void> {
  const conflict = await conflictOfParts(connection);
  if (conflict !== undefined) throw placementConflict(connection.database, conflict);
}

/** What keeps a database from being one that tenants share: that the whole of it is one tenant's. */
export async function conflictOfParts(connection: EngineConnection): Promise<PlacementConflict | undefined> {
  const [whole] = (await connection.query(HAS_WHOLE_IDENTITY)).rows;
  if (whole?.has === false) return undefined;
  return (await connection.query('SELECT FROM tenantry.identity')).rows.length > 0 ? 'owned' : undefined;
}

/** Whether there is a table for the identity of the whole. */
const HAS_WHOLE_IDENTITY = "SELECT pg_catalog.to_regclass('tenantry.identity') IS NOT NULL AS has";
