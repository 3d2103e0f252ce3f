import { partOf } from '../../engine/place.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { IdentityMismatchError } from '../../errors.js';
import { physicalNameOf } from '../../tenant/placement.js';
import type { Identity, Placement, Tenant } from '../../tenant/tenant.js';
import { isOf } from './identity.js';

/**
 * Drops what a creation had made at a place whose physical name is doomed, so that nobody can have come to use it
 * meanwhile. Only what says that it is this tenant's and was never served, or says nothing and is empty. Anything else
 * is a stranger's, and stays.
 *
 * One that says that it is served stays as well, and is told of: the catalog that knows it as begun may be a copy, or
 * restored from a backup, and then people's data is in it. Only the call that made it knows better, by its fence.
 */
export async function dropLeftOver(
  provisioning: Provisioning,
  place: Placement,
  tenant: Pick<Tenant, 'id' | 'incarnation'>,
  madeBy?: { readonly fence: number },
): Promise<void> {
  const { database } = place;
  const part = { part: partOf(place) };
  if (!(await provisioning.databaseExists(database, part))) return;
  const said = await readIdentity(provisioning, place);
  if (said === 'unknown') return;
  if (said === undefined) {
    if (await provisioning.isEmpty(database, part)) await provisioning.dropDatabase(database, part);
  } else if (isOf(said, tenant)) {
    if (said.state === 'creating' || said.fence === madeBy?.fence)
      await provisioning.dropDatabase(database, part);
    else warnOfServed(place, tenant.id);
  }
}

async function readIdentity(
  provisioning: Provisioning,
  place: Placement,
): Promise<Identity | 'unknown' | undefined> {
  try {
    return await provisioning.readIdentity(place.database, { part: partOf(place) });
  } catch (error) {
    if (error instanceof IdentityMismatchError) return 'unknown';
    throw error;
  }
}

function warnOfServed(place: Placement, id: string): void {
  process.emitWarning(
    `The database ${physicalNameOf(place)} on ${place.server} says that it is the tenant ${id} and was served, though the catalog knows only that it was begun: it was left alone. If the catalog is a copy, or was restored, it is in use; else drop it by hand.`,
    { code: 'TENANTRY_DATABASE_LEFT' },
  );
}
