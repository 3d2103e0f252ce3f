import { isDeepStrictEqual } from 'node:util';
import {
  type AdoptedTenant,
  type BegunTenant,
  type Claim,
  databasePlacement,
  type NewTenant,
  type PlannedTenant,
  type ProcessRecord,
} from '../catalog/catalog.js';
import { TenantBusyError, TenantStatusError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { placementCandidates } from '../tenant/placement.js';
import { tenantExists } from '../tenant/taken.js';
import type { Placement, Placements, Tenant, TenantMetadata, TenantStatus } from '../tenant/tenant.js';
import type { CatalogSql } from './catalog-sql.js';
import type { Change } from './change.js';
import { beginName, doomName, firstFree, giveUpName, isBegun, takeFirstFree } from './physical-names.js';
import { isAlive, writeProcess } from './processes.js';
import { toPlacement } from './rows.js';
import type { CatalogDb, TenantRow } from './tables.js';
import { type Reading, rowById, rowByNameKey } from './tenants.js';

/** Registers a tenant that is to be made, or takes over one whose maker is gone. */
export async function beginCreate(
  change: Change,
  tenant: NewTenant,
  owner: ProcessRecord,
): Promise<BegunTenant> {
  await writeProcess(change.sql, owner);
  const begun = await begunBefore(change, tenant);
  if (begun !== undefined) return takeOver(change, begun, owner.id);
  const placement = await takeFirstFree(change, tenant, tenant.placements);
  const inserted = await insertTenant(change, { ...tenant, placement, status: 'creating', owner: owner.id });
  return { tenant: inserted, leftOver: undefined };
}

/** The tenant that a creation would begin or go on with now, and where. */
export async function planCreate(reading: Reading, tenant: NewTenant): Promise<PlannedTenant> {
  const { db, incarnation } = reading;
  const begun = await begunBefore(reading, tenant);
  const { id, name } = begun ?? tenant;
  if (begun === undefined) {
    return { id, name, incarnation, placement: await firstFree(db, tenant, tenant.placements) };
  }
  const places = await furtherPlaces(db, begun);
  const placement = places === undefined ? toPlacement(begun) : await firstFree(db, begun, places);
  return { id, name, incarnation, placement };
}

/** A creation of this name that nobody is at any more, to go on with; undefined where there is none. */
async function begunBefore({ db, sql }: Reading, tenant: NewTenant): Promise<TenantRow | undefined> {
  const existing = await rowByNameKey(db, nameKey(tenant.name));
  if (existing === undefined) return undefined;
  if (existing.status !== 'creating' || existing.name !== tenant.name)
    throw tenantExists(existing.name, tenant.name);
  await assertAbandoned(sql, existing);
  assertSameInput(existing, tenant);
  return existing;
}

/** Takes a creation over. What was begun at a place that it leaves is doomed. */
async function takeOver(change: Change, row: TenantRow, owner: string): Promise<BegunTenant> {
  const taken = { owner, fence: nextFence(row) };
  const places = await furtherPlaces(change.db, row);
  if (places === undefined) return { tenant: await change.update(row.id, taken), leftOver: undefined };
  const leftOver = toPlacement(row);
  await doomName(change, leftOver);
  const { database, schema } = await takeFirstFree(change, row, places);
  const moved = { database_name: database, schema_name: schema ?? null };
  return { tenant: await change.update(row.id, { ...taken, ...moved }), leftOver };
}

/**
 * Where a creation is gone on with; undefined: where it is. Its owner may only sleep, and then goes on with the
 * database that it had begun: so the tenant gets another. Where it had begun none it never can, for it must say so
 * first, and is told then that it has lost the tenant.
 */
async function furtherPlaces(db: CatalogDb, row: TenantRow): Promise<Placements | undefined> {
  // Rows are nothing that could be made twice, and have one key; catalogs of version 1 may say that they were begun.
  if (row.isolation === 'row' || !(await isBegun(db, row))) return undefined;
  const { id, name, server, isolation, database_name: sharedDatabase } = row;
  return placementCandidates({ id, name, server, isolation, sharedDatabase, attempt: nextFence(row) });
}

function nextFence(row: TenantRow): number {
  return Number(row.fence) + 1;
}

/** Registers a tenant whose database is there already. */
export async function adopt(change: Change, tenant: AdoptedTenant): Promise<Tenant> {
  const existing = await rowByNameKey(change.db, nameKey(tenant.name));
  if (existing !== undefined) throw tenantExists(existing.name, tenant.name);
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
  await change.update(claim.id, { status: 'deleted', name_key: null, owner: null, fence: nextFence(row) });
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
export async function assertAbandoned(sql: CatalogSql, tenant: TenantRow): Promise<void> {
  if (tenant.owner === null || !(await isAlive(sql, tenant.owner))) return;
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
