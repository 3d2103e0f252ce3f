import { databasePlacement } from '../catalog/catalog.js';
import { physicalNameKey } from '../tenant/physical-name.js';
import { physicalNameOf } from '../tenant/placement.js';
import { usedBefore } from '../tenant/taken.js';
import type { Placement } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { toPlacement } from './rows.js';
import type { CatalogDb, TenantRow } from './tables.js';

// A physical name is taken by one tenant for ever; then its database is begun; and it is doomed when what was
// begun is given up. A doomed name is never used again and never revived, and that alone makes it safe to drop
// what bears it: a drop cannot check whether somebody has finished the tenant meanwhile.

/** Who takes a name, and where. */
interface NameTaker {
  readonly id: string;
  readonly name: string;
  readonly server: string;
}

/**
 * The first place whose physical name this server never had, nor anything that it is a part of, nor any part of it:
 * a database is one tenant's own, or shared.
 */
export async function firstFree(
  db: CatalogDb,
  tenant: NameTaker,
  placements: readonly Placement[],
): Promise<Placement> {
  for (const placement of placements) if (!(await isTaken(db, placement))) return placement;
  const whole = placements.find(isPart);
  const isOwned =
    whole !== undefined && (await findName(db, databasePlacement(whole.server, whole.database)));
  throw usedBefore(tenant.name, tenant.server, isOwned ? [whole.database] : placements.map(physicalNameOf));
}

/** Takes that place. */
export async function takeFirstFree(
  change: Change,
  tenant: NameTaker,
  placements: readonly Placement[],
): Promise<Placement> {
  const placement = await firstFree(change.db, tenant, placements);
  await change.db
    .insertInto('tenantry_physical_names')
    .values({
      server: tenant.server,
      name_key: keyOf(placement),
      name: physicalNameOf(placement),
      tenant_id: tenant.id,
      taken_at: change.clock,
      begun_at: null,
      doomed_at: null,
    })
    .execute();
  return placement;
}

/** Says that a database of this name is made from now on. */
export async function beginName(change: Change, row: TenantRow): Promise<void> {
  await change.db
    .updateTable('tenantry_physical_names')
    .set({ begun_at: change.clock })
    .where('server', '=', row.server)
    .where('name_key', '=', keyOf(toPlacement(row)))
    .execute();
}

/** Whether somebody began to make a tenant's database under the name that it has now. */
export async function isBegun(db: CatalogDb, row: TenantRow): Promise<boolean> {
  return ((await findName(db, toPlacement(row)))?.begun_at ?? null) !== null;
}

/** Ends a tenant's hold on its name: doomed where its database was begun, else as if it had never been taken. */
export async function giveUpName(change: Change, row: TenantRow): Promise<void> {
  const placement = toPlacement(row);
  if (await isBegun(change.db, row)) return doomName(change, placement);
  await change.db
    .deleteFrom('tenantry_physical_names')
    .where('server', '=', placement.server)
    .where('name_key', '=', keyOf(placement))
    .where('tenant_id', '=', row.id)
    .execute();
}

/** From now on nothing uses this name any more. */
export async function doomName(change: Change, placement: Placement): Promise<void> {
  await change.db
    .updateTable('tenantry_physical_names')
    .set({ doomed_at: change.clock })
    .where('server', '=', placement.server)
    .where('name_key', '=', keyOf(placement))
    .where('doomed_at', 'is', null)
    .execute();
}

export async function isDoomed(db: CatalogDb, placement: Placement): Promise<boolean> {
  return ((await findName(db, placement))?.doomed_at ?? null) !== null;
}

/** Whether the place, the whole that it is a part of, or a part of it was ever a tenant's. */
export async function isTaken(db: CatalogDb, placement: Placement): Promise<boolean> {
  const whole = physicalNameKey(placement.database);
  const taken = await db
    .selectFrom('tenantry_physical_names')
    .select('name_key')
    .where('server', '=', placement.server)
    .where(({ and, eb, or }) =>
      or([
        eb('name_key', 'in', [keyOf(placement), whole]),
        // No tenant's name has a `/`, and `0` comes after it.
        ...(isPart(placement)
          ? []
          : [and([eb('name_key', '>=', `${whole}/`), eb('name_key', '<', `${whole}0`)])]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return taken !== undefined;
}

function isPart({ isolation }: Placement): boolean {
  return isolation !== 'database';
}

function findName(db: CatalogDb, placement: Placement) {
  return db
    .selectFrom('tenantry_physical_names')
    .select(['begun_at', 'doomed_at'])
    .where('server', '=', placement.server)
    .where('name_key', '=', keyOf(placement))
    .executeTakeFirst();
}

function keyOf(placement: Placement): string {
  return physicalNameKey(physicalNameOf(placement));
}
