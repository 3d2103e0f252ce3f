import { type Catalog, type Claim, identityOf, type PlannedTenant } from '../../catalog/catalog.js';
import { partOf } from '../../engine/place.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { DatabaseExistsError, type ErrorKind } from '../../errors.js';
import { physicalNameOf } from '../../tenant/placement.js';
import type { Tenant } from '../../tenant/tenant.js';
import { advanceIdentity, isOf } from './identity.js';
import { dropLeftOver } from './left-over.js';

/** A creation in one call's hands. */
export interface Creation {
  readonly catalog: Catalog;
  readonly tenant: Tenant;
  readonly claim: Claim;
  readonly provisioning: Provisioning;
  kindOf(error: unknown): ErrorKind;
  /** Whether there may be something at its place that this call made. */
  mayBeThere: boolean;
}

/**
 * An empty database that says whose it is. The catalog is told before it is made, so that whoever takes the tenant
 * over later knows that something may be there. One that bears the name already is somebody's, and stays.
 */
export async function makeDatabase(creation: Creation): Promise<void> {
  const { catalog, claim, provisioning, tenant } = creation;
  const { database, isolation } = tenant.placement;
  if (isolation === 'row') return takeRows(creation);
  const place = { part: partOf(tenant.placement) };
  await assertFree(provisioning, tenant);
  await catalog.beginDatabase(claim);
  creation.mayBeThere = true;
  try {
    await provisioning.createDatabase(database, place);
  } catch (error) {
    // Somebody else made it meanwhile. Any other failure may have come after it was made.
    if (creation.kindOf(error) === 'database-exists') creation.mayBeThere = false;
    throw error;
  }
  await provisioning.changeIdentity(database, undefined, identityOf(tenant), place);
}

/** Refuses a place at which something is that is not the tenant's. */
export async function assertFree(provisioning: Provisioning, tenant: PlannedTenant): Promise<void> {
  const { database, isolation } = tenant.placement;
  const place = { part: partOf(tenant.placement) };
  if (!(await provisioning.databaseExists(database, place))) return;
  const said = isolation === 'row' ? await provisioning.readIdentity(database, place) : undefined;
  if (said === undefined || !isOf(said, tenant)) throw isThere(tenant);
}

/**
 * Where rows are marked nothing is made but the identity of the mark, and nothing is ever dropped: so an identity
 * that an attempt before has left is brought up to this one.
 */
async function takeRows(creation: Creation): Promise<void> {
  const { provisioning, tenant } = creation;
  const place = { part: partOf(tenant.placement) };
  const { database } = tenant.placement;
  await provisioning.createDatabase(database, place);
  const said = await provisioning.readIdentity(database, place);
  if (said !== undefined && !isOf(said, tenant)) throw isThere(tenant);
  creation.mayBeThere = true;
  if (said !== undefined) return advanceIdentity(provisioning, tenant);
  await provisioning.changeIdentity(database, undefined, identityOf(tenant), place);
}

/** Removes what this call made, after the catalog gave its physical name up. */
export async function removeDatabase({ mayBeThere, provisioning, tenant }: Creation): Promise<void> {
  const { placement } = tenant;
  if (!mayBeThere) return;
  if (placement.isolation !== 'row')
    return dropLeftOver(provisioning, placement, tenant, { fence: tenant.fence });
  const place = { part: partOf(placement) };
  const said = await provisioning.readIdentity(placement.database, place);
  const isMine = said !== undefined && isOf(said, tenant) && said.fence === tenant.fence;
  if (isMine) await provisioning.changeIdentity(placement.database, said, undefined, place);
}

function isThere({ name, placement }: PlannedTenant): DatabaseExistsError {
  return new DatabaseExistsError(
    `A database ${physicalNameOf(placement)} is on server ${placement.server} already and is not this tenant's.`,
    {
      tenant: name,
      hint: 'To take it over as it is: tenantry adopt. To keep it apart, choose another name for the tenant.',
    },
  );
}
