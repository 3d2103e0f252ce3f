import { type Catalog, identityOf } from '../../catalog/catalog.js';
import { partOf } from '../../engine/place.js';
import type { TenantRef } from '../../tenant/ref.js';
import { assertTransition, unknownTenant } from '../../tenant/status.js';
import type { Tenant } from '../../tenant/tenant.js';
import type { FindServer } from '../admin-server.js';

/**
 * Stops serving a tenant for the time being, or for ever. The catalog decides; the database's
 * identity follows, so that a process with a stale route is turned away there too. A database out
 * of reach does not keep a tenant from being stopped: its identity is then behind the catalog, and
 * resuming mends it.
 */
export async function stopTenant(
  catalog: Catalog,
  findServer: FindServer,
  ref: TenantRef,
  to: 'suspended' | 'deleted',
): Promise<Tenant> {
  const tenant = await catalog.changeStatus(ref, to, { endSessions: true });
  await writeIdentity(tenant, findServer).catch(() => {});
  return tenant;
}

/** Serves a suspended tenant again: first its database says so, then the catalog. */
export async function resumeTenant(
  catalog: Catalog,
  findServer: FindServer,
  named: { readonly name: string; readonly id: string },
): Promise<Tenant> {
  const tenant = await catalog.findById(named.id);
  if (tenant === undefined || tenant.name !== named.name) throw unknownTenant(named);
  assertTransition(tenant, 'active');
  await writeIdentity({ ...tenant, status: 'active' }, findServer);
  return catalog.changeStatus(named, 'active', { endSessions: false });
}

async function writeIdentity(tenant: Tenant, findServer: FindServer): Promise<void> {
  const { server, database, identity } = tenant.placement;
  if (identity === 'name') return;
  const part = partOf(tenant.placement);
  const provisioning = await findServer(server).provisioning();
  await provisioning.writeIdentity(database, identityOf(tenant), { part });
}
