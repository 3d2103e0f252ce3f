import type { Row } from '../../engine/connection.js';
import { IdentityMismatchError } from '../../errors.js';
import { tenantStatuses } from '../../tenant/status.js';
import type { Identity } from '../../tenant/tenant.js';

/**
 * Reads the identity. Everything in it is qualified, so that no search_path can put another table or
 * operator in its place, and cast to text, so that no type parser of the application changes it.
 */
export const READ_IDENTITY = `SELECT tenant_id::pg_catalog.text, epoch::pg_catalog.text, state::pg_catalog.text
  FROM tenantry.identity WHERE id OPERATOR(pg_catalog.=) 1`;

/** The identity's schema and table, one statement each. A schema of its own keeps schema tools away. */
export const IDENTITY_TABLE: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS tenantry',
  `CREATE TABLE IF NOT EXISTS tenantry.identity (
    id smallint PRIMARY KEY CHECK (id = 1),
    tenant_id text NOT NULL,
    epoch bigint NOT NULL,
    state text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
];

/** Writes the identity: tenant id, epoch, state. */
export const WRITE_IDENTITY = `INSERT INTO tenantry.identity (id, tenant_id, epoch, state) VALUES (1, $1, $2, $3)
  ON CONFLICT (id) DO UPDATE
  SET tenant_id = excluded.tenant_id, epoch = excluded.epoch, state = excluded.state, updated_at = now()`;

/** @throws IdentityMismatchError (`TENANTRY_IDENTITY_MISMATCH`) for a row that tenantry cannot have written. */
export function parseIdentity({ tenant_id: tenantId, epoch: digits, state }: Row): Identity {
  const epoch = Number(digits);
  const status = tenantStatuses.find((known) => known === state);
  if (typeof tenantId === 'string' && Number.isSafeInteger(epoch) && status !== undefined) {
    return { tenantId, epoch, state: status };
  }
  throw new IdentityMismatchError('The table tenantry.identity holds a row that tenantry did not write.', {
    hint: 'Find out who changed it, and restore the tenant id, epoch and state from the catalog.',
  });
}
