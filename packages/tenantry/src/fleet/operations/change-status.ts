import type { Catalog } from '../../catalog/catalog.js';
import { keyOf, type TenantRef } from '../../tenant/ref.js';
import { assertTransition, unknownTenant } from '../../tenant/status.js';
import type { Tenant } from '../../tenant/tenant.js';
import type { FindServer } from '../admin-server.js';
import { advanceIdentity, assertOwn } from './identity.js';
import { dropLeftOver } from './left-over.js';

/**
 * Stops serving a tenant for the time being, or for ever. The catalog decides; the database's
 * identity follows, so that a process with a stale route is turned away there too. A database that is out
 * of reach, or says that it is another's, does not keep a tenant from being stopped, and stays as it is.
 */
export async function stopTenant(
  catalog: Catalog,
  findServer: FindServer,
  ref: TenantRef,
  to: 'suspended' | 'deleted',
  dryRun = false,
): Promise<Tenant> {
  if (dryRun) return catalog.planStatus(ref, to);
  const tenant = await catalog.changeStatus(ref, to, { endSessions: true });
  await followIn(catalog, findServer, tenant).catch(() => {});
  return tenant;
}

async function followIn(catalog: Catalog, findServer: FindServer, tenant: Tenant): Promise<void> {
  const { placement } = tenant;
  const provisioning = await findServer(placement.server).provisioning();
  // It was never whole, and its creation is undone with it.
  if (tenant.status === 'deleted' && (await catalog.isDoomed(placement))) {
    await dropLeftOver(provisioning, placement, tenant);
  } else {
    await advanceIdentity(provisioning, tenant);
  }
}

/**
 * Serves a suspended tenant again: first its database says so, then the catalog, if nobody has changed the tenant
 * meanwhile. A database that is missing, says nothing, says that it is another's, or cannot be one tenant's is not served.
 */
export async function resumeTenant(
  catalog: Catalog,
  findServer: FindServer,
  named: { readonly name: string; readonly id: string },
  dryRun = false,
): Promise<Tenant> {
  const tenant = await catalog.findById(named.id);
  if (tenant === undefined || tenant.name !== named.name) throw unknownTenant(keyOf(named));
  assertTransition(tenant, 'active');
  const { fence, placement } = tenant;
  const provisioning = await findServer(placement.server).provisioning();
  await assertOwn(provisioning, placement);
  await advanceIdentity(provisioning, { ...tenant, status: 'active', fence: fence + 1 }, dryRun);
  if (dryRun) return tenant;
  return catalog.changeStatus(named, 'active', { endSessions: false, fence });
}
