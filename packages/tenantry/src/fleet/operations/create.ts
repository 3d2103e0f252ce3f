import type { Catalog, ProcessRecord } from '../../catalog/catalog.js';
import { identityOf } from '../../catalog/catalog.js';
import { partOf } from '../../engine/place.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { AbortedError, DatabaseExistsError, ProvisionFailedError, TenancyError } from '../../errors.js';
import { newId } from '../../tenant/id.js';
import { physicalNameOf, placementCandidates } from '../../tenant/placement.js';
import type { Isolation, Tenant, TenantMetadata } from '../../tenant/tenant.js';
import type { AdminServer } from '../admin-server.js';
import { serverError } from '../server-error.js';

/** What a creation needs. */
export interface CreateInput {
  readonly name: string;
  readonly server: AdminServer;
  /** Default: the server's. */
  readonly isolation?: Isolation | undefined;
  /** Only with isolation `row`. Default: the tenant's id. */
  readonly rowKey?: string | undefined;
  readonly metadata: TenantMetadata;
  /** The script that makes the tenant's tables. */
  readonly script: string | undefined;
  readonly owner: ProcessRecord;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes a tenant: catalog row (`creating`), database, identity, tables, and active last. Each step
 * can be repeated, so that whoever takes an interrupted creation over runs all of them again.
 */
export async function createTenant(catalog: Catalog, input: CreateInput): Promise<Tenant> {
  const id = newId();
  const tenant = await catalog.beginCreate(
    {
      id,
      name: input.name,
      server: input.server.name,
      placements: placementCandidates({
        id,
        name: input.name,
        server: input.server.name,
        isolation: input.isolation ?? input.server.isolation,
        sharedDatabase: input.server.server.address.database,
        rowKey: input.rowKey,
      }),
      metadata: input.metadata,
    },
    input.owner,
  );
  const provisioning = await input.server.provisioning();
  const made = { database: false };
  try {
    await makeDatabase(provisioning, tenant, tenant.id !== id, made);
    assertRunning(input);
    const { database, isolation } = tenant.placement;
    const part = partOf(tenant.placement);
    // Tenants that share tables find them made.
    if (input.script !== undefined && isolation !== 'row') {
      await provisioning.runScript(database, input.script, { signal: input.signal, part });
    }
    assertRunning(input);
    await provisioning.writeIdentity(database, identityOf({ ...tenant, status: 'active' }), { part });
    return await catalog.finishCreate(tenant.id, input.owner.id);
  } catch (error) {
    const undone = await undo(catalog, provisioning, tenant, input, made.database);
    throw explain(error, tenant, input, undone);
  }
}

/**
 * An empty database that says whose it is. One that an interrupted creation left behind, with our
 * identity or with nothing in it yet, is made anew: the tenant was never active, so nobody's data is
 * in it. Anything else that bears the name is somebody's, and stays.
 */
async function makeDatabase(
  provisioning: Provisioning,
  tenant: Tenant,
  isResumed: boolean,
  made: { database: boolean },
): Promise<void> {
  const { database } = tenant.placement;
  const place = { part: partOf(tenant.placement) };
  if (await provisioning.databaseExists(database, place)) {
    if (!isResumed || !(await isLeftOver(provisioning, tenant))) {
      throw new DatabaseExistsError(
        `A database ${physicalNameOf(tenant.placement)} is on the server already and is not this tenant's.`,
        {
          tenant: tenant.name,
          hint: 'To take it over as it is: tenantry adopt. To keep it apart, choose another name for the tenant.',
        },
      );
    }
    await provisioning.dropDatabase(database, place);
  }
  await provisioning.createDatabase(database, place);
  made.database = true;
  await provisioning.writeIdentity(database, identityOf(tenant), place);
}

async function isLeftOver(provisioning: Provisioning, tenant: Tenant): Promise<boolean> {
  const { database } = tenant.placement;
  const place = { part: partOf(tenant.placement) };
  const identity = await provisioning.readIdentity(database, place);
  return identity === undefined ? provisioning.isEmpty(database, place) : identity.tenantId === tenant.id;
}

/**
 * Removes what was made. The catalog goes first, because it alone knows whether the tenant is still
 * ours to undo: if its activation went through after all, or somebody else finished it, the
 * database is in use and stays.
 */
async function undo(
  catalog: Catalog,
  provisioning: Provisioning,
  tenant: Tenant,
  input: CreateInput,
  madeDatabase: boolean,
): Promise<boolean> {
  try {
    await catalog.undoCreate(tenant.id, input.owner.id);
  } catch {
    await catalog.releaseCreate(tenant.id, input.owner.id).catch(() => {});
    return false;
  }
  try {
    const { placement } = tenant;
    if (madeDatabase) await provisioning.dropDatabase(placement.database, { part: partOf(placement) });
    return true;
  } catch {
    return false;
  }
}

function explain(error: unknown, tenant: Tenant, input: CreateInput, undone: boolean): TenancyError {
  if (error instanceof TenancyError) return error;
  const known = serverError(error, input.server);
  if (known !== undefined) return known;
  const reason = error instanceof Error ? error.message : String(error);
  return new ProvisionFailedError(`Tenant ${tenant.name} could not be made: ${reason}`, {
    cause: error,
    kind: input.server.server.engine.classifyError(error),
    tenant: tenant.name,
    hint: undone
      ? 'Everything that had been made was removed again; mend the cause and repeat it.'
      : `Not all of it could be undone; look for the tenant, and for a database ${physicalNameOf(tenant.placement)}, before you repeat it.`,
  });
}

function assertRunning(input: CreateInput): void {
  if (input.signal?.aborted) {
    throw new AbortedError(`The creation of ${input.name} was aborted.`, { tenant: input.name });
  }
}
