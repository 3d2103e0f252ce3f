import type { Catalog, NewTenant, ProcessRecord } from '../../catalog/catalog.js';
import { mayHaveHappened } from '../../catalog/silence.js';
import { partOf } from '../../engine/place.js';
import {
  AbortedError,
  type ErrorKind,
  ProvisionFailedError,
  TenancyError,
  TenantBusyError,
} from '../../errors.js';
import { newId } from '../../tenant/id.js';
import { physicalNameOf, placementCandidates } from '../../tenant/placement.js';
import type { Isolation, Tenant, TenantMetadata } from '../../tenant/tenant.js';
import type { AdminServer } from '../admin-server.js';
import { serverError } from '../server-error.js';
import { advanceIdentity } from './identity.js';
import { dropLeftOver } from './left-over.js';
import { type Creation, makeDatabase, removeDatabase } from './make-database.js';

/** Where a tenant shall be made, and with what. */
export interface CreatePlace {
  readonly name: string;
  readonly server: AdminServer;
  /** Default: the server's. */
  readonly isolation?: Isolation | undefined;
  /** Only with isolation `row`. Default: the tenant's id. */
  readonly rowKey?: string | undefined;
  readonly metadata: TenantMetadata;
}

/** What a creation needs. */
export interface CreateInput extends CreatePlace {
  /** The script that makes the tenant's tables. */
  readonly script: string | undefined;
  readonly owner: ProcessRecord;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes a tenant: catalog row (`creating`), database, identity, tables, and active last. Whoever takes an
 * interrupted creation over runs all of it again, under another physical name where a database was begun, because
 * whoever began it may only sleep. So each physical name is in the hands of one call alone, and nothing that a call
 * does late reaches what another one made.
 */
export async function createTenant(catalog: Catalog, input: CreateInput): Promise<Tenant> {
  const { server, owner, script, signal } = input;
  // Before anything is begun that somebody would have to give up.
  const provisioning = await server.provisioning();
  const { tenant, leftOver } = await catalog.beginCreate(newTenant(input), owner);
  const creation: Creation = {
    catalog,
    tenant,
    claim: { id: tenant.id, owner: owner.id, fence: tenant.fence },
    provisioning,
    kindOf: (error) => kindOf(error, input),
    mayBeThere: false,
  };
  const { claim } = creation;
  try {
    if (leftOver !== undefined) await dropLeftOver(provisioning, leftOver, tenant);
    await makeDatabase(creation);
    assertRunning(input);
    const { database, isolation } = tenant.placement;
    const part = partOf(tenant.placement);
    // Tenants that share tables find them made.
    if (script !== undefined && isolation !== 'row') {
      await provisioning.runScript(database, script, { signal, part });
    }
    assertRunning(input);
    await advanceIdentity(provisioning, { ...tenant, status: 'active' });
    return await catalog.finishCreate(claim);
  } catch (error) {
    throw explain(error, creation, input, await undo(creation));
  }
}

/** A tenant of its own id, with the places that it could be made at. */
export function newTenant({ name, server, isolation, rowKey, metadata }: CreatePlace): NewTenant {
  const id = newId();
  const placements = placementCandidates({
    id,
    name,
    server: server.name,
    isolation: isolation ?? server.isolation,
    sharedDatabase: server.server.address.database,
    rowKey,
  });
  return { id, name, server: server.name, placements, metadata };
}

/** How far a creation could be undone. */
interface Undone {
  readonly isWhole: boolean;
  /** Somebody else has the tenant now. */
  readonly lost?: TenantBusyError;
}

/**
 * Removes what was made. The catalog goes first, because it alone knows whether the tenant is still ours to undo: if
 * its activation went through after all the database is in use and stays. If somebody else took the tenant over, our
 * physical name was doomed by that, and what we made there is nobody's.
 */
async function undo(creation: Creation): Promise<Undone> {
  const { catalog, claim, tenant } = creation;
  let lost: TenantBusyError | undefined;
  try {
    await catalog.undoCreate(claim);
  } catch (error) {
    await catalog.releaseCreate(claim).catch(() => {});
    if (error instanceof TenantBusyError) lost = error;
    const isDoomed = creation.mayBeThere && (await catalog.isDoomed(tenant.placement).catch(() => false));
    if (!isDoomed) return { isWhole: false, ...(lost === undefined ? {} : { lost }) };
  }
  const isWhole = await removeDatabase(creation).then(
    () => true,
    () => false,
  );
  return { isWhole, ...(lost === undefined ? {} : { lost }) };
}

function explain(
  error: unknown,
  { tenant }: Creation,
  input: CreateInput,
  { isWhole, lost }: Undone,
): TenancyError {
  // Unless the catalog itself did not answer, it went wrong because the tenant was somebody else's by then.
  if (lost !== undefined && !mayHaveHappened(error)) return lost;
  if (error instanceof TenancyError) return error;
  const known = serverError(error, input.server);
  if (known !== undefined) return known;
  const reason = error instanceof Error ? error.message : String(error);
  return new ProvisionFailedError(`Tenant ${tenant.name} could not be made: ${reason}`, {
    cause: error,
    kind: kindOf(error, input),
    tenant: tenant.name,
    hint: isWhole
      ? 'Everything that had been made was removed again; mend the cause and repeat it.'
      : `Not all of it could be undone; look for the tenant, and for a database ${physicalNameOf(tenant.placement)}, before you repeat it.`,
  });
}

function kindOf(error: unknown, { server }: CreateInput): ErrorKind {
  return server.server.engine.classifyError(error);
}

function assertRunning(input: CreateInput): void {
  if (input.signal?.aborted) {
    throw new AbortedError(`The creation of ${input.name} was aborted.`, { tenant: input.name });
  }
}
