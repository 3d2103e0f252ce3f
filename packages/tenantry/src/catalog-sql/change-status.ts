import type { StatusChange } from '../catalog/catalog.js';
import { TenantBusyError, TenantStatusError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { isNamedBy, isPossible, labelOf, type TenantKey } from '../tenant/ref.js';
import { assertTransition, unknownTenant } from '../tenant/status.js';
import type { Identity, Tenant, TenantStatus } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { assertAbandoned } from './create.js';
import { giveUpName } from './physical-names.js';
import type { TenantRow } from './tables.js';
import { rowById, rowByNameKey } from './tenants.js';

/** Changes the status of the tenant that is called this now. */
export async function changeStatus(
  change: Change,
  key: TenantKey,
  to: TenantStatus,
  { endSessions, fence }: StatusChange,
): Promise<Tenant> {
  const row = await find(change, key);
  if (row === undefined) throw unknownTenant(key);
  assertTransition(row, to);
  if (fence !== undefined && Number(row.fence) !== fence) throw changedMeanwhile(row);
  if (row.status === 'creating') {
    // It is given up only when nobody makes it.
    await assertAbandoned(change.sql, row);
    await giveUpName(change, row);
  }
  return change.update(row.id, {
    status: to,
    epoch: Number(row.epoch) + (endSessions ? 1 : 0),
    fence: Number(row.fence) + 1,
    ...(to === 'deleted' ? { name_key: null, owner: null } : {}),
  });
}

/** Deleted ones have no name any more, and are nobody. */
async function find({ db }: Change, key: TenantKey): Promise<TenantRow | undefined> {
  if (!isPossible(key)) return undefined;
  const row = await (key.id === undefined ? rowByNameKey(db, nameKey(labelOf(key))) : rowById(db, key.id));
  return row !== undefined && row.name_key !== null && isNamedBy(row, key) ? row : undefined;
}

/** Lets a suspended tenant's epoch and fence grow beyond what the database says that it is about to take over. */
export async function raise(
  change: Change,
  key: TenantKey,
  beyond: Pick<Identity, 'epoch' | 'fence'>,
): Promise<Tenant> {
  const row = await find(change, key);
  if (row === undefined) throw unknownTenant(key);
  if (row.status !== 'suspended') {
    throw new TenantStatusError(
      `Tenant ${row.name} is ${row.status}; only a suspended one takes a database over.`,
      {
        tenant: row.name,
        hint: `Suspend it first: tenantry tenants suspend ${row.name}`,
      },
    );
  }
  return change.update(row.id, {
    epoch: Math.max(Number(row.epoch), beyond.epoch) + 1,
    fence: Math.max(Number(row.fence), beyond.fence) + 1,
  });
}

function changedMeanwhile({ name }: TenantRow): TenantBusyError {
  return new TenantBusyError(`Tenant ${name} was changed by somebody else meanwhile.`, {
    tenant: name,
    hint: 'Look at it, and repeat what you did if it is still wanted.',
  });
}
