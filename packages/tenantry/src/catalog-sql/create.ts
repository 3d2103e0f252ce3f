import {
  type AdoptedTenant,
  databasePlacement,
  type NewTenant,
  type ProcessRecord,
} from '../catalog/catalog.js';
import { DatabaseExistsError, TenantBusyError, TenantExistsError } from '../errors.js';
import { nameKey } from '../tenant/name.js';
import { physicalNameKey } from '../tenant/physical-name.js';
import { physicalNameOf } from '../tenant/placement.js';
import type { Placement, Tenant, TenantMetadata, TenantStatus } from '../tenant/tenant.js';
import type { Change } from './change.js';
import { isAlive, writeProcess } from './processes.js';
import type { CatalogDb, TenantRow } from './tables.js';
import { rowById, rowByNameKey } from './tenants.js';

/** Registers a tenant that is to be made, or takes over one whose maker is gone. */
export async function beginCreate(change: Change, tenant: NewTenant, owner: ProcessRecord): Promise<Tenant> {
  await writeProcess(change.sql, owner);
  const existing = await rowByNameKey(change.db, nameKey(tenant.name));
  if (existing !== undefined) {
    if (existing.status !== 'creating' || existing.name !== tenant.name)
      throw tenantExists(existing, tenant.name);
    await assertAbandoned(change, existing);
    return change.update(existing.id, { owner: owner.id });
  }
  const placement = await takeFirstFree(change, tenant, tenant.placements);
  return insertTenant(change, { ...tenant, placement, status: 'creating', owner: owner.id });
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

export async function finishCreate(change: Change, id: string, owner: string): Promise<Tenant> {
  await assertOwned(change, id, owner);
  return change.update(id, { status: 'active', owner: null });
}

/** The row stays as a tombstone, so that whoever has cached it learns that it is gone. */
export async function undoCreate(change: Change, id: string, owner: string): Promise<void> {
  await assertOwned(change, id, owner);
  await change.db.deleteFrom('tenantry_physical_names').where('tenant_id', '=', id).execute();
  await change.update(id, { status: 'deleted', name_key: null, owner: null });
}

/** Takes no revision: who makes a tenant is in nobody's cache. */
export async function releaseCreate(db: CatalogDb, id: string, owner: string): Promise<void> {
  await db
    .updateTable('tenantry_tenants')
    .set({ owner: null })
    .where('id', '=', id)
    .where('owner', '=', owner)
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

async function assertOwned(change: Change, id: string, owner: string): Promise<void> {
  const row = await rowById(change.db, id);
  if (row?.status === 'creating' && row.owner === owner) return;
  throw new TenantBusyError(`Tenant ${row?.name ?? id} is not being created by this process any more.`, {
    tenant: row?.name ?? id,
    hint: 'Another process has taken the work over, because this one was not heard of in time. Leave it to that one.',
  });
}

/** Takes the first place whose physical name this server never had. */
async function takeFirstFree(
  change: Change,
  tenant: Pick<NewTenant, 'id' | 'name' | 'server'>,
  placements: readonly Placement[],
): Promise<Placement> {
  const names = placements.map(physicalNameOf);
  const keys = names.map(physicalNameKey);
  const taken = await change.db
    .selectFrom('tenantry_physical_names')
    .select('name_key')
    .where('server', '=', tenant.server)
    .where('name_key', 'in', keys)
    .execute();
  const takenKeys = new Set(taken.map((row) => row.name_key));
  const placement = placements.find(
    (candidate) => !takenKeys.has(physicalNameKey(physicalNameOf(candidate))),
  );
  if (placement === undefined) {
    throw new DatabaseExistsError(
      `Server ${tenant.server} has had a tenant in database ${names.join(' or ')} before.`,
      {
        tenant: tenant.name,
        hint: 'The database of a tenant is never given to another one; choose another name.',
      },
    );
  }
  const name = physicalNameOf(placement);
  await change.db
    .insertInto('tenantry_physical_names')
    .values({
      server: tenant.server,
      name_key: physicalNameKey(name),
      name,
      tenant_id: tenant.id,
      taken_at: change.clock,
    })
    .execute();
  return placement;
}

interface NewRow {
  readonly id: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly placement: Placement;
  readonly metadata: TenantMetadata;
  readonly owner: string | null;
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
