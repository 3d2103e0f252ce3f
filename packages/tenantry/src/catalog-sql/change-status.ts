import { TenantStatusError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { assertTransition, unknownTenant } from '../tenant/status.js';
import type { Tenant, TenantStatus } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { assertAbandoned } from './create.js';
import type { TenantRow } from './tables.js';
import { rowByNameKey } from './tenants.js';

/** Changes the status of the tenant that has this name now. */
export async function changeStatus(
  change: Change,
  name: string,
  to: TenantStatus,
  endSessions: boolean,
): Promise<Tenant> {
  const row = await rowByNameKey(change.db, nameKey(name));
  if (row?.name !== name) throw unknownTenant(name);
  assertTransition(row, to);
  if (row.status === 'creating') await assertMayGiveUp(change, row, to);
  return change.update(row.id, {
    status: to,
    epoch: Number(row.epoch) + (endSessions ? 1 : 0),
    ...(to === 'deleted' ? { name_key: null, owner: null } : {}),
  });
}

/** A tenant in the making becomes active by being finished, and is given up only when nobody makes it. */
async function assertMayGiveUp(change: Change, row: TenantRow, to: TenantStatus): Promise<void> {
  if (to === 'deleted') return assertAbandoned(change, row);
  throw new TenantStatusError(`Tenant ${row.name} is still being created and cannot become ${to} yet.`, {
    tenant: row.name,
    hint: `If its creation was interrupted, finish it with: tenantry tenants create ${row.name}`,
  });
}
