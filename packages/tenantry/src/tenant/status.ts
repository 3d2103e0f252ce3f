import {
  CatalogVersionError,
  TenantNotReadyError,
  TenantStatusError,
  TenantSuspendedError,
  UnknownTenantError,
} from '../errors.js';
import { quoteForMessage } from './name.js';
import type { TenantKey } from './ref.js';
import type { IdentityCheck, Isolation, Route, TenantStatus } from './tenant.js';

const transitions: Readonly<Record<TenantStatus, readonly TenantStatus[]>> = {
  // Its creation alone makes it active.
  creating: ['deleted'],
  active: ['suspended', 'deleted'],
  suspended: ['active', 'deleted'],
  deleted: [],
};

/** Every status, in the order of a tenant's life. */
export const tenantStatuses = Object.keys(transitions) as readonly TenantStatus[];

const isolations: readonly Isolation[] = ['database', 'schema', 'row'];
const identityChecks: readonly IdentityCheck[] = ['table', 'name'];

/**
 * Refuses a tenant of whose state this version knows nothing: a newer one wrote it, and knows what may be done.
 *
 * @throws CatalogVersionError (`TENANTRY_CATALOG_VERSION`)
 */
export function assertKnown({ name, status, placement }: Pick<Route, 'name' | 'status' | 'placement'>): void {
  const { isolation, identity } = placement;
  if (!tenantStatuses.includes(status)) throw unknownToUs(name, `the status ${quoteForMessage(status)}`);
  if (!isolations.includes(isolation)) throw unknownToUs(name, `the isolation ${quoteForMessage(isolation)}`);
  if (!identityChecks.includes(identity))
    throw unknownToUs(name, `the identity ${quoteForMessage(identity)}`);
}

function unknownToUs(name: string, what: string): CatalogVersionError {
  return new CatalogVersionError(
    `Tenant ${name} has ${what}, which this version of tenantry does not know.`,
    {
      tenant: name,
      hint: 'A newer tenantry wrote it; upgrade this one as well.',
    },
  );
}

/** @throws TenantStatusError (`TENANTRY_TENANT_STATUS`) if a tenant may not go from its status to `to`. */
export function assertTransition(tenant: Pick<Route, 'name' | 'status'>, to: TenantStatus): void {
  const possible: readonly TenantStatus[] | undefined = transitions[tenant.status];
  if (possible === undefined) throw unknownToUs(tenant.name, `the status ${quoteForMessage(tenant.status)}`);
  if (possible.includes(to)) return;
  throw new TenantStatusError(`Tenant ${tenant.name} is ${tenant.status} and cannot become ${to}.`, {
    tenant: tenant.name,
    hint: hintFor(tenant, possible),
  });
}

function hintFor(
  { name, status }: Pick<Route, 'name' | 'status'>,
  possible: readonly TenantStatus[],
): string {
  if (status === 'deleted') return 'A deleted tenant stays deleted; create a new one.';
  if (status === 'creating') {
    return `If its creation was interrupted, finish it with: tenantry tenants create ${name}`;
  }
  return `From ${status} a tenant can become ${possible.join(' or ')}.`;
}

/**
 * Decides, before any tenant I/O, whether a tenant may be served.
 *
 * @throws UnknownTenantError, TenantSuspendedError or TenantNotReadyError.
 */
export function assertServable(route: Route): void {
  switch (route.status) {
    case 'active':
      return;
    case 'suspended':
      throw new TenantSuspendedError(`Tenant ${route.name} is suspended.`, {
        tenant: route.name,
        hint: `Resume it with: tenantry tenants resume ${route.name}`,
      });
    case 'creating':
      throw new TenantNotReadyError(`Tenant ${route.name} is still being created.`, {
        tenant: route.name,
        hint: `Try again shortly; if its creation was interrupted, finish it with: tenantry tenants create ${route.name}`,
      });
    case 'deleted':
      throw unknownTenant(route.name);
    default:
      // A newer version wrote it: not served by one that does not know why it is not active.
      assertKnown(route);
  }
}

/** The error for what no tenant is called. */
export function unknownTenant(named: string | TenantKey): UnknownTenantError {
  const { name, id } = typeof named === 'string' ? { name: named, id: undefined } : named;
  const quoted = name === undefined ? '' : ` ${quoteForMessage(name)}`;
  const withId = id === undefined ? '' : ` with the id ${quoteForMessage(id)}`;
  return new UnknownTenantError(`There is no tenant${quoted}${withId}.`, {
    hint:
      id === undefined
        ? 'Names match exactly, case included. See: tenantry tenants list'
        : 'A name that was taken again is another tenant, with another id. See: tenantry tenants list',
  });
}
