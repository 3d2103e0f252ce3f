import type { DatabasePart } from '../../engine/place.js';
import { ROW_SETTING } from './binding.js';
import { IDENTITY_COLUMNS, IDENTITY_PARTS, type IdentityRow } from './identity.js';

/** How a part is called in the table of identities. */
export function partName(part: DatabasePart): string {
  return part.isolation === 'schema' ? part.schema : part.key;
}

const FROM = `SELECT ${IDENTITY_COLUMNS} FROM tenantry.part_identity WHERE`;

/**
 * Reads the identity of the part that the session is bound to, as the server sees it: a schema that does not
 * exist, or a binding that did not take hold, has none.
 */
export const READ_PART_IDENTITY: Readonly<Record<DatabasePart['isolation'], string>> = {
  schema: `${FROM} isolation OPERATOR(pg_catalog.=) 'schema'
    AND part OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.text`,
  row: `${FROM} isolation OPERATOR(pg_catalog.=) 'row'
    AND part OPERATOR(pg_catalog.=) pg_catalog.current_setting('${ROW_SETTING}', true)`,
};

/** Reads a part's identity by isolation and name. */
export const FIND_PART_IDENTITY = `${FROM} isolation = $1 AND part = $2`;

/** Whether the table of identities is there; making it takes more rights than using it. */
export const HAS_PART_IDENTITIES =
  "SELECT pg_catalog.to_regclass('tenantry.part_identity') IS NOT NULL AS has";

/** The identities of a database that several tenants share, one statement each; beside no tenant's own tables. */
export const PART_IDENTITIES: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS tenantry',
  `CREATE TABLE IF NOT EXISTS tenantry.part_identity (
    isolation text NOT NULL CHECK (isolation IN ('schema', 'row')),
    part text NOT NULL,
    ${IDENTITY_PARTS},
    PRIMARY KEY (isolation, part)
  )`,
];

/** Where a part's identity stands. */
export function rowOfPart(part: DatabasePart): IdentityRow {
  return { table: 'tenantry.part_identity', key: { isolation: part.isolation, part: partName(part) } };
}

/** Forgets a part's identity: isolation, part. */
export const DELETE_PART_IDENTITY = 'DELETE FROM tenantry.part_identity WHERE isolation = $1 AND part = $2';
