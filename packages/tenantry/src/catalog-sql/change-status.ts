import type { StatusChange } from '../catalog/catalog.js';
import { TenantBusyError, TenantStatusError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { isNamedBy, isPossible, labelOf, type TenantKey } from '../tenant/ref.js';
import { assertTransition, unknownTenant } from '../tenant/status.js';
import type { Identity, Tenant, TenantStatus } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { assertAbandoned } from './create.js';
import { giveUpName } from './physical-names.js';
import { toTenant } from './rows.js';
import type { TenantRow } from './tables.js';
import { type Reading, rowById, rowByNameKey } from './tenants.js';

/** Changes the status of the tenant that is called this now. */
export async function changeStatus(
  change: Change,
  key: TenantKey,
  to: TenantStatus,
  { endSessions, fence }: StatusChange,
): Promise<Tenant> {
  const row = await toBecome(change, key, to);
  if (fence !== undefined && Number(row.fence) !== fence) throw changedMeanwhile(row);
  if (row.status === 'creating') await giveUpName(change, row);
  return change.update(row.id, {
    status: to,
    epoch: Number(row.epoch) + (endSessions ? 1 : 0),
    fence: Number(row.fence) + 1,
    ...(to === 'deleted' ? { name_key: null, owner: null } : {}),
  });
}

/** The tenant whose status would be changed, as it is. */
export async function planStatus(reading: Reading, key: TenantKey, to: TenantStatus): Promise<Tenant> {
  return toTenant(await toBecome(reading, key, to), reading.incarnation);
}

/** A tenant that may become what it shall. One in the making is given up only when nobody makes it. */
async function toBecome(reading: Reading, key: TenantKey, to: TenantStatus): Promise<TenantRow> {
  const row = await find(reading, key);
  assertTransition(row, to);
  if (row.status === 'creating') await assertAbandoned(reading.sql, row);
  return row;
}

/** Deleted ones have no name any more, and are nobody. */
async function find({ db }: Reading, key: TenantKey): Promise<TenantRow> {
  if (!isPossible(key)) throw unknownTenant(key);
  const row = await (key.id === undefined ? rowByNameKey(db, nameKey(labelOf(key))) : rowById(db, key.id));
  if (row !== undefined && row.name_key !== null && isNamedBy(row, key)) return row;
  throw unknownTenant(key);
}

/** Lets a suspended tenant's epoch and fence grow beyond what the database says that it is about to take over. */
export async function raise(
  change: Change,
  key: TenantKey,
  beyond: Pick<Identity, 'epoch' | 'fence'>,
): Promise<Tenant> {
  const row = await toRaise(change, key);
  return change.update(row.id, {
    epoch: Math.max(Number(row.epoch), beyond.epoch) + 1,
    fence: Math.max(Number(row.fence), beyond.fence) + 1,
  });
}

/** The tenant whose epoch and fence would grow, as it is. */
export async function planRaise(reading: Reading, key: TenantKey): Promise<Tenant> {
  return toTenant(await toRaise(reading, key), reading.incarnation);
}

async function toRaise(reading: Reading, key: TenantKey): Promise<TenantRow> {
  const row = await find(reading, key);
  if (row.status !== 'suspended') {
    throw new TenantStatusError(
      `Tenant ${row.name} is ${row.status}; only a suspended one takes a database over.`,
      {
        tenant: row.name,
        hint: `Suspend it first: tenantry tenants suspend ${row.name}`,
      },
    );
  }
  return row;
}

function changedMeanwhile({ name }: TenantRow): TenantBusyError {
  return new TenantBusyError(`Tenant ${name} was changed by somebody else meanwhile.`, {
    tenant: name,
    hint: 'Look at it, and repeat what you did if it is still wanted.',
  });
}
