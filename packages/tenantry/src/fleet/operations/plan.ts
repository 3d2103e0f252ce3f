import type { Catalog } from '../../catalog/catalog.js';
import type { Placement } from '../../tenant/tenant.js';
import { type CreatePlace, newTenant } from './create.js';
import { assertOwn } from './identity.js';
import { assertFree } from './make-database.js';

/** Where a creation would make its tenant, by all that can be known without trying. */
export async function planTenant(catalog: Catalog, place: CreatePlace): Promise<Placement> {
  const provisioning = await place.server.provisioning();
  const planned = await catalog.planCreate(newTenant(place));
  if (planned.placement.isolation !== 'database') await assertOwn(provisioning, planned.placement);
  await assertFree(provisioning, planned);
  return planned.placement;
}
