import { isDeepStrictEqual } from 'node:util';
import {
  type AdoptedTenant,
  type BegunTenant,
  type Claim,
  databasePlacement,
  type NewTenant,
  type ProcessRecord,
} from '../catalog/catalog.js';
import { TenantBusyError, TenantExistsError, TenantStatusError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { placementCandidates } from '../tenant/placement.js';
import type { Placement, Tenant, TenantMetadata, TenantStatus } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { beginName, doomName, giveUpName, isBegun, takeFirstFree } from './physical-names.js';
import { isAlive, writeProcess } from './processes.js';
import { toPlacement } from './rows.js';
import type { CatalogDb, TenantRow } from './tables.js';
import { rowById, rowByNameKey } from './tenants.js';

/** Registers a tenant that is to be made, or takes over one whose maker is gone. */
export async function beginCreate(
  change: Change,
  tenant: NewTenant,
  owner: ProcessRecord,
): Promise<BegunTenant> {
  await writeProcess(change.sql, owner);
  const existing = await rowByNameKey(change.db, nameKey(tenant.name));
  if (existing !== undefined) {
    if (existing.status !== 'creating' || existing.name !== tenant.name)
      throw tenantExists(existing, tenant.name);
    await assertAbandoned(change, existing);
    assertSameInput(existing, tenant);
    return takeOver(change, existing, owner.id);
  }
  const placement = await takeFirstFree(change, tenant, tenant.placements);
  const inserted = await insertTenant(change, { ...tenant, placement, status: 'creating', owner: owner.id });
  return { tenant: inserted, leftOver: undefined };
}

/**
 * Takes a creation over. Its owner may only sleep, and then goes on with the database that it had begun: so
 * that one is doomed, and the tenant gets another. Where it had begun none it never can, for it must say so
 * first, and is told then that it has lost the tenant.
 */
async function takeOver(change: Change, row: TenantRow, owner: string): Promise<BegunTenant> {
  const fence = Number(row.fence) + 1;
  // Rows are nothing that could be made twice, and have one key; catalogs of version 1 may say that they were begun.
  if (row.isolation === 'row' || !(await isBegun(change, row))) {
    return { tenant: await change.update(row.id, { owner, fence }), leftOver: undefined };
  }
  const leftOver = toPlacement(row);
  await doomName(change, leftOver);
  const { id, name, server, isolation, database_name: sharedDatabase } = row;
  const candidates = placementCandidates({ id, name, server, isolation, sharedDatabase, attempt: fence });
  const { database, schema } = await takeFirstFree(change, row, candidates);
  const moved = { database_name: database, schema_name: schema ?? null };
  return { tenant: await change.update(id, { owner, fence, ...moved }), leftOver };
}

/** Registers a tenant whose database is there already. */
export async function adopt(change: Change, tenant: AdoptedTenant): Promise<Tenant> {
  const existing = await rowByNameKey(change.db, nameKey(tenant.name));
  if (existing !== undefined) throw tenantExists(existing, tenant.name);
  const { server, database, identity } = tenant;
  const placement = databasePlacement(server, database, identity);
  await takeFirstFree(change, tenant, [placement]);
  return insertTenant(change, { ...tenant, placement, status: 'active', metadata: {}, owner: null });
}

export async function beginDatabase(change: Change, claim: Claim): Promise<void> {
  await beginName(change, await ownedRow(change, claim));
}

export async function finishCreate(change: Change, claim: Claim): Promise<Tenant> {
  await ownedRow(change, claim);
  return change.update(claim.id, { status: 'active', owner: null });
}

/** The row stays as a tombstone, so that whoever has cached it learns that it is gone. */
export async function undoCreate(change: Change, claim: Claim): Promise<void> {
  const row = await ownedRow(change, claim);
  await giveUpName(change, row);
  const fence = Number(row.fence) + 1;
  await change.update(claim.id, { status: 'deleted', name_key: null, owner: null, fence });
}

/** Takes no revision: who makes a tenant is in nobody's cache. */
export async function releaseCreate(db: CatalogDb, { id, owner, fence }: Claim): Promise<void> {
  await db
    .updateTable('tenantry_tenants')
    .set({ owner: null })
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('fence', '=', fence)
    .where('status', '=', 'creating')
    .execute();
}

/** @throws TenantBusyError if a process that is alive is making this tenant. */
export async function assertAbandoned(change: Change, tenant: TenantRow): Promise<void> {
  if (tenant.owner === null || !(await isAlive(change.sql, tenant.owner))) return;
  throw new TenantBusyError(`Tenant ${tenant.name} is being created by a process that is alive.`, {
    tenant: tenant.name,
    hint: 'Wait until it is done; if that process was killed, its claim ends by itself within seconds.',
  });
}

/** The row of a tenant in the making, for whoever holds it. */
async function ownedRow(change: Change, { id, owner, fence }: Claim): Promise<TenantRow> {
  const row = await rowById(change.db, id);
  if (row?.status === 'creating' && row.owner === owner && Number(row.fence) === fence) return row;
  throw new TenantBusyError(`Tenant ${row?.name ?? id} is not being created by this call any more.`, {
    tenant: row?.name ?? id,
    hint: 'Somebody else has taken the work over, because this process was not heard of in time. Leave it to that one.',
  });
}

/** @throws TenantStatusError where a creation that was begun with other input would be finished. */
function assertSameInput(row: TenantRow, wanted: NewTenant): void {
  const [place] = wanted.placements;
  if (place === undefined) return;
  const differences: string[] = [];
  const compare = (what: string, begun: string, now: string) => {
    if (begun !== now) differences.push(`${what} ${begun}, not ${now}`);
  };
  compare('on server', row.server, wanted.server);
  compare('with isolation', row.isolation, place.isolation);
  if (row.isolation === place.isolation && row.isolation !== 'database') {
    compare('in database', row.database_name, place.database);
  }
  // Where nobody said so it is the tenant's own id, which is another at each call.
  const shown = (id: string, key: string | null | undefined) => (key === id ? 'of its own' : (key ?? 'none'));
  if (row.isolation === place.isolation) {
    compare('with the row key', shown(row.id, row.row_key), shown(wanted.id, place.rowKey));
  }
  if (!isDeepStrictEqual(JSON.parse(row.metadata), JSON.parse(JSON.stringify(wanted.metadata)))) {
    differences.push('with other metadata');
  }
  if (differences.length === 0) return;
  throw new TenantStatusError(
    `The creation of tenant ${row.name} was begun ${differences.join(' and ')}, and was cut off.`,
    {
      tenant: row.name,
      hint: `Repeat it as it was begun, which finishes it; or give it up first: tenantry tenants delete ${row.name}`,
    },
  );
}

interface NewRow {
  readonly id: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly placement: Placement;
  readonly metadata: TenantMetadata;
  readonly owner: string | null;
  readonly fence?: number | undefined;
}

async function insertTenant(change: Change, tenant: NewRow): Promise<Tenant> {
  const { placement } = tenant;
  await change.db
    .insertInto('tenantry_tenants')
    .values({
      id: tenant.id,
      name: tenant.name,
      name_key: nameKey(tenant.name),
      status: tenant.status,
      server: placement.server,
      database_name: placement.database,
      isolation: placement.isolation,
      schema_name: placement.schema ?? null,
      row_key: placement.rowKey ?? null,
      identity_check: placement.identity,
      epoch: 1,
      fence: tenant.fence ?? 1,
      revision: change.revision,
      schema_version: null,
      metadata: JSON.stringify(tenant.metadata),
      owner: tenant.owner,
      created_at: change.clock,
      updated_at: change.clock,
    })
    .execute();
  return change.read(tenant.id);
}

function tenantExists(existing: Pick<TenantRow, 'name'>, name: string): TenantExistsError {
  const twin =
    existing.name === name ? '' : ` as ${existing.name}; names that differ only in case are one name`;
  return new TenantExistsError(`Tenant ${name} exists already${twin}.`, {
    tenant: existing.name,
    hint: 'Choose another name, or delete that tenant first.',
  });
}
