import type { Catalog } from '../../catalog/catalog.js';
import { partOf } from '../../engine/place.js';
import { DatabaseExistsError, TenantExistsError } from '../../errors.js';
import { newId } from '../../tenant/id.js';
import { physicalNameOf } from '../../tenant/placement.js';
import type { Placement } from '../../tenant/tenant.js';
import { type CreatePlace, placementsFor } from './create.js';

/** Where a creation would make its tenant, by all that can be known without trying. */
export async function planTenant(catalog: Catalog, place: CreatePlace): Promise<Placement> {
  const { name, server } = place;
  const holder = await catalog.findHolder(name);
  if (holder !== undefined && (holder.status !== 'creating' || holder.name !== name)) {
    throw new TenantExistsError(`There is a tenant ${holder.name} already.`, {
      tenant: holder.name,
      hint: 'Choose another name, or delete that tenant first. Names that differ only in case are one name.',
    });
  }
  if (holder !== undefined) return holder.placement;
  const candidates = placementsFor(newId(), place);
  for (const placement of candidates) {
    if (await catalog.isTaken(placement)) continue;
    const provisioning = await server.provisioning();
    const isThere = await provisioning.databaseExists(placement.database, { part: partOf(placement) });
    if (!isThere) return placement;
    throw new DatabaseExistsError(
      `A database ${physicalNameOf(placement)} is on server ${server.name} already.`,
      { tenant: name, hint: 'To take it over as it is: tenantry adopt. Else choose another name.' },
    );
  }
  throw new DatabaseExistsError(
    `Server ${server.name} has had a tenant in database ${candidates.map(physicalNameOf).join(' or ')} before.`,
    { tenant: name, hint: 'The database of a tenant is never given to another one; choose another name.' },
  );
}
