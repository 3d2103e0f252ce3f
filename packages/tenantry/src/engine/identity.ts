import { IdentityMismatchError } from '../errors.js';
import { tenantStatuses } from '../tenant/status.js';
import type { Identity } from '../tenant/tenant.js';
import type { Parameter, Row } from './connection.js';

/** The columns of an identity, in the order of {@link identityValues}. */
export const identityColumns = ['incarnation', 'tenant_id', 'epoch', 'fence', 'state'] as const;

export function identityValues({ incarnation, tenantId, epoch, fence, state }: Identity): Parameter[] {
  return [incarnation, tenantId, epoch, fence, state];
}

/**
 * The identity in a row of its table; numbers may come as text.
 *
 * @throws IdentityMismatchError (`TENANTRY_IDENTITY_MISMATCH`) for a row that this tenantry cannot have written.
 */
export function identityIn(row: Row, database: string): Identity {
  const { incarnation, tenant_id: tenantId, state } = row;
  const [epoch, fence] = [Number(row.epoch), Number(row.fence)];
  const known = tenantStatuses.find((status) => status === state);
  const isWhole =
    typeof incarnation === 'string' &&
    typeof tenantId === 'string' &&
    Number.isSafeInteger(epoch) &&
    Number.isSafeInteger(fence);
  if (isWhole && known !== undefined) return { incarnation, tenantId, epoch, fence, state: known };
  throw foreignIdentity(database);
}

/** The error for an identity that is not of this tenantry's making: an older one's, a newer one's, or somebody else's. */
export function foreignIdentity(database: string, cause?: unknown): IdentityMismatchError {
  return new IdentityMismatchError(
    `The database ${database} carries an identity that this version of tenantry did not write.`,
    {
      cause,
      hint: 'Find out who wrote it. If nobody needs it, remove its table and take the database over again.',
    },
  );
}

/** The error for an identity that is not what whoever changes it had read. */
export function identityChanged(database: string): IdentityMismatchError {
  return new IdentityMismatchError(`Somebody else changed the identity of database ${database} meanwhile.`, {
    hint: 'Look at the tenant, and repeat what you did if it is still wanted.',
  });
}
