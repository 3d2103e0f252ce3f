import { randomBytes } from 'node:crypto';
import type { DatabasePart } from '../../engine/place.js';
import { assertRowKey } from '../../tenant/row-key.js';
import { quoteIdentifier, quoteLiteral } from './identifiers.js';

/** The setting that says whose rows a session sees, where several tenants share tables. Unset, it is nobody's. */
export const ROW_SETTING = 'tenantry.tenant';

/**
 * The statement that binds a session to a part of its database. It is no query, so that a transaction
 * which follows can still choose its isolation level.
 *
 * A schema's session looks nowhere else but in the system's own (`pg_catalog`, always first): `public` is
 * not in its path, and temporary objects come last, so that they hide no table of the tenant's.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for what can name no schema, or be no row key.
 */
export function bindingStatement(part: DatabasePart): string {
  if (part.isolation === 'schema') return `SET search_path TO ${quoteIdentifier(part.schema)}, pg_temp`;
  assertRowKey(part.key);
  return `SET ${ROW_SETTING} TO ${quoteLiteral(part.key)}`;
}

/**
 * The statement that makes what a session draws at random independent of what was drawn before: `DISCARD ALL` leaves
 * the seed, and whoever set it, or saw enough numbers, would know the next borrower's.
 */
export function reseeding(): string {
  const seed = randomBytes(6).readUIntBE(0, 6) / 2 ** 47 - 1;
  return `SET seed TO ${seed.toFixed(16)}`;
}

/** Ends whatever role was assumed: the session is again of the user who signed in. */
export const unassuming = 'SET SESSION AUTHORIZATION DEFAULT';
