import { TenantStatusError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { isNamedBy, isPossible, labelOf, type TenantKey } from '../tenant/ref.js';
import { assertTransition, unknownTenant } from '../tenant/status.js';
import type { Tenant, TenantStatus } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { assertAbandoned } from './create.js';
import type { TenantRow } from './tables.js';
import { rowById, rowByNameKey } from './tenants.js';

/** Changes the status of the tenant that is called this now. */
export async function changeStatus(
  change: Change,
  key: TenantKey,
  to: TenantStatus,
  endSessions: boolean,
): Promise<Tenant> {
  const row = await find(change, key);
  if (row === undefined) throw unknownTenant(key);
  assertTransition(row, to);
  if (row.status === 'creating') await assertMayGiveUp(change, row, to);
  return change.update(row.id, {
    status: to,
    epoch: Number(row.epoch) + (endSessions ? 1 : 0),
    ...(to === 'deleted' ? { name_key: null, owner: null } : {}),
  });
}

/** Deleted ones have no name any more, and are nobody. */
async function find({ db }: Change, key: TenantKey): Promise<TenantRow | undefined> {
  if (!isPossible(key)) return undefined;
  const row = await (key.id === undefined ? rowByNameKey(db, nameKey(labelOf(key))) : rowById(db, key.id));
  return row !== undefined && row.name_key !== null && isNamedBy(row, key) ? row : undefined;
}

/** A tenant in the making becomes active by being finished, and is given up only when nobody makes it. */
async function assertMayGiveUp(change: Change, row: TenantRow, to: TenantStatus): Promise<void> {
  if (to === 'deleted') return assertAbandoned(change, row);
  throw new TenantStatusError(`Tenant ${row.name} is still being created and cannot become ${to} yet.`, {
    tenant: row.name,
    hint: `If its creation was interrupted, finish it with: tenantry tenants create ${row.name}`,
  });
}
