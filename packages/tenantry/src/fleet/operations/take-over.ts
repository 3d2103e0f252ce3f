import { type Catalog, identityOf } from '../../catalog/catalog.js';
import { partOf } from '../../engine/place.js';
import { InvalidInputError } from '../../errors.js';
import type { Tenant } from '../../tenant/tenant.js';
import type { FindServer } from '../admin-server.js';
import { assertOwn } from './identity.js';

/**
 * Makes the database at a suspended tenant's place say that it is this tenant's, whatever it said before. Its epoch
 * and fence grow beyond what it said, so that whoever served it until now is turned away.
 */
export async function takeOverDatabase(
  catalog: Catalog,
  findServer: FindServer,
  { name, id, placement }: Tenant,
  dryRun = false,
): Promise<Tenant> {
  if (placement.identity === 'name') {
    throw new InvalidInputError(
      `The database of tenant ${name} is known by its name only, and says nothing.`,
      {
        tenant: name,
        hint: 'There is nothing to take over; resume the tenant.',
      },
    );
  }
  const place = { part: partOf(placement) };
  const provisioning = await findServer(placement.server).provisioning();
  await assertOwn(provisioning, placement);
  const said = await provisioning.readIdentity(placement.database, place);
  if (dryRun) return catalog.planRaise({ name, id });
  const tenant = await catalog.raise({ name, id }, { epoch: said?.epoch ?? 0, fence: said?.fence ?? 0 });
  await provisioning.changeIdentity(placement.database, said, identityOf(tenant), place);
  return tenant;
}
