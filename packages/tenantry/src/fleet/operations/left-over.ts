import { partOf } from '../../engine/place.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { IdentityMismatchError } from '../../errors.js';
import type { Placement, Tenant } from '../../tenant/tenant.js';
import { isOf } from './identity.js';

/**
 * Drops what a creation had made at a place whose physical name is doomed, so that nobody can have come to use it
 * meanwhile. Only what says that it is this tenant's, or says nothing and is empty: the tenant was never active, so
 * nobody's data is in it. Anything else is a stranger's, and stays.
 */
export async function dropLeftOver(
  provisioning: Provisioning,
  place: Placement,
  tenant: Pick<Tenant, 'id' | 'incarnation'>,
): Promise<void> {
  const { database } = place;
  const part = { part: partOf(place) };
  if (!(await provisioning.databaseExists(database, part))) return;
  if (await isLeftOver(provisioning, place, tenant)) await provisioning.dropDatabase(database, part);
}

async function isLeftOver(
  provisioning: Provisioning,
  place: Placement,
  tenant: Pick<Tenant, 'id' | 'incarnation'>,
): Promise<boolean> {
  const part = { part: partOf(place) };
  try {
    const said = await provisioning.readIdentity(place.database, part);
    return said === undefined ? await provisioning.isEmpty(place.database, part) : isOf(said, tenant);
  } catch (error) {
    if (error instanceof IdentityMismatchError) return false;
    throw error;
  }
}
