import { identityOf } from '../../catalog/catalog.js';
import { partOf } from '../../engine/place.js';
import { placementConflict } from '../../engine/placement-conflict.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { IdentityMismatchError } from '../../errors.js';
import type { Identity, Placement, Tenant } from '../../tenant/tenant.js';

/**
 * Brings what a tenant's database says of itself up to what the tenant is now. Only from something that the same
 * catalog wrote for the same tenant, and earlier; whatever else it says is another's, and stays.
 *
 * In a dry run it is only looked at.
 *
 * @throws IdentityMismatchError (`TENANTRY_IDENTITY_MISMATCH`)
 */
export async function advanceIdentity(
  provisioning: Provisioning,
  tenant: Tenant,
  dryRun = false,
): Promise<void> {
  const { placement } = tenant;
  if (placement.identity === 'name') return;
  const place = { part: partOf(placement) };
  const to = identityOf(tenant);
  const said = await provisioning.readIdentity(placement.database, place);
  if (said === undefined || !isOf(said, tenant)) throw notOf(tenant, said);
  if (said.epoch === to.epoch && said.fence === to.fence && said.state === to.state) return;
  if (isAhead(said, to)) throw ahead(tenant, said);
  if (!dryRun) await provisioning.changeIdentity(placement.database, said, to, place);
}

/**
 * Refuses a tenant's database that cannot be its own: that holds a catalog, or that others share. By the database
 * itself, whatever the catalog says, for an address may lead to another one than it did.
 *
 * @throws IdentityMismatchError (`TENANTRY_IDENTITY_MISMATCH`), for a part DatabaseExistsError
 * (`TENANTRY_DATABASE_EXISTS`)
 */
export async function assertOwn(provisioning: Provisioning, placement: Placement): Promise<void> {
  const { database } = placement;
  const conflict = await provisioning.conflictAt(database, { part: partOf(placement) });
  if (conflict !== undefined) throw placementConflict(database, conflict);
}

/** Whether an identity is the tenant's: its id alone is not enough, for a copied catalog has the same ids. */
export function isOf(
  { tenantId, incarnation }: Identity,
  tenant: Pick<Tenant, 'id' | 'incarnation'>,
): boolean {
  return tenantId === tenant.id && incarnation === tenant.incarnation;
}

/** Who a database says that it belongs to, for messages. */
export function describeIdentity({ tenantId, incarnation }: Identity): string {
  return `the tenant ${tenantId} of catalog ${incarnation}`;
}

function isAhead(said: Identity, to: Identity): boolean {
  return said.epoch > to.epoch || (said.epoch === to.epoch && said.fence > to.fence);
}

function notOf(tenant: Tenant, said: Identity | undefined): IdentityMismatchError {
  const { id, incarnation, name, placement } = tenant;
  const whose = said === undefined ? 'carries no identity' : `belongs to ${describeIdentity(said)}`;
  return new IdentityMismatchError(
    `The database ${placement.database} on ${placement.server} ${whose}; tenant ${name} is ${describeIdentity({ tenantId: id, incarnation } as Identity)}. Nothing was changed.`,
    { tenant: name, hint: takeOverHint(tenant) },
  );
}

function ahead(tenant: Tenant, said: Identity): IdentityMismatchError {
  return new IdentityMismatchError(
    `The database ${tenant.placement.database} of tenant ${tenant.name} is at epoch ${said.epoch} and fence ${said.fence}, ahead of its catalog. Nothing was changed.`,
    {
      tenant: tenant.name,
      hint: `Somebody changed the tenant meanwhile, or the catalog was restored to an earlier state. ${takeOverHint(tenant)}`,
    },
  );
}

function takeOverHint({ name, id }: Tenant): string {
  return `Check where the server's address leads. If the database is this tenant's: tenantry tenants take-over ${name} --id ${id}`;
}
