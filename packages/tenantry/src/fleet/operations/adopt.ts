import { type Catalog, databasePlacement, identityOf } from '../../catalog/catalog.js';
import { mayHaveHappened } from '../../catalog/silence.js';
import { describeConflict, type PlacementConflict } from '../../engine/placement-conflict.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { redactValue } from '../../errors/redact.js';
import {
  DatabaseExistsError,
  DatabaseMissingError,
  InvalidInputError,
  TenancyError,
  TenantBusyError,
} from '../../errors.js';
import { newId } from '../../tenant/id.js';
import { isReservedDatabase } from '../../tenant/physical-name.js';
import { tenantExists, usedBefore } from '../../tenant/taken.js';
import type { Identity, IdentityCheck, Tenant } from '../../tenant/tenant.js';
import type { AdminServer } from '../admin-server.js';
import type { Adoption } from '../tenants.js';
import { describeIdentity, isOf } from './identity.js';

/** What an adoption needs. */
export interface AdoptInput {
  readonly name: string;
  readonly database: string;
  readonly identity: IdentityCheck;
  readonly dryRun: boolean;
  readonly server: AdminServer;
  /** The catalog's own database if it is on the same server: it may not be there yet, to be asked what it holds. */
  readonly catalogDatabase: string | undefined;
}

/** Registers an existing database as a tenant's. Nothing in it is changed but, unless `name`, its identity. */
export async function adoptTenant(catalog: Catalog, input: AdoptInput): Promise<Adoption> {
  const { name, database } = input;
  if (isReservedDatabase(database)) {
    throw new InvalidInputError(`${database} is a database of the server's own.`, { tenant: name });
  }
  if (database.toLowerCase() === input.catalogDatabase?.toLowerCase()) {
    throw notOwn(input, 'catalog');
  }
  const known = await catalog.findHolder(name);
  if (known !== undefined && known.name !== name) throw tenantExists(known.name, name);
  const provisioning = await input.server.provisioning();
  if (!(await provisioning.databaseExists(database))) {
    throw new DatabaseMissingError(
      `There is no database ${redactValue(database)} on server ${input.server.name}.`,
      {
        tenant: name,
        hint: 'Names of databases match exactly, case included.',
      },
    );
  }
  const conflict = await inDatabase(input, () => provisioning.conflictAt(database));
  if (conflict !== undefined) throw notOwn(input, conflict);
  const said = await inDatabase(input, () => provisioning.readIdentity(database));
  const outcome =
    known === undefined
      ? await register(catalog, provisioning, input, said)
      : await lookAgain(provisioning, input, known, said);
  return { outcome, name, database };
}

/** A tenant that was adopted before: its database gets its identity back where it says nothing at all. */
async function lookAgain(
  provisioning: Provisioning,
  input: AdoptInput,
  known: Tenant,
  said: Identity | undefined,
): Promise<Adoption['outcome']> {
  const { server, database, identity } = known.placement;
  if (server !== input.server.name || database !== input.database) {
    throw tenantExists(known.name, input.name, `in database ${database} on ${server}`);
  }
  if (known.status === 'creating') {
    throw new TenantBusyError(`Tenant ${known.name} is still being created.`, {
      tenant: known.name,
      hint: 'Its database gets its identity by that.',
    });
  }
  if (identity === 'name') return 'unchanged';
  if (said === undefined) {
    await identify(provisioning, input, undefined, identityOf(known));
    return 'mended';
  }
  if (isOf(said, known)) return 'unchanged';
  throw another(input, said);
}

/**
 * First the database says whose it is, then the catalog knows the tenant: so there is never a tenant whose database
 * says nothing. An adoption that was cut off in between is finished under the id that the database says.
 */
async function register(
  catalog: Catalog,
  provisioning: Provisioning,
  input: AdoptInput,
  said: Identity | undefined,
): Promise<Adoption['outcome']> {
  const { name, database, server } = input;
  const { incarnation } = await catalog.position();
  if (said !== undefined) {
    const mayBeCutOff = said.incarnation === incarnation && isAdoption(said);
    if (!mayBeCutOff || (await catalog.findById(said.tenantId)) !== undefined) throw another(input, said);
  }
  if (await catalog.isTaken(databasePlacement(server.name, database))) {
    throw usedBefore(name, server.name, [database]);
  }
  const id = said?.tenantId ?? newId();
  const fence = (said?.fence ?? 0) + 1;
  const mine: Identity = { incarnation, tenantId: id, epoch: 1, fence, state: 'active' };
  if (input.identity === 'table') await identify(provisioning, input, said, mine);
  if (input.dryRun) return 'registered';
  try {
    await catalog.adopt({ id, name, server: server.name, database, identity: input.identity, fence });
  } catch (error) {
    // If the answer was lost the next attempt finds out whether there is a tenant of this id.
    if (!mayHaveHappened(error) && input.identity === 'table')
      await giveBack(catalog, provisioning, database, mine);
    throw error;
  }
  // The tenant is registered. Another fence in its database does no harm: the next change of the tenant writes its own.
  if (input.identity === 'table') await keep(provisioning, database, mine).catch(() => {});
  return 'registered';
}

/** Takes back an identity that was written for nothing: from nobody, or from the tenant that another call registered. */
async function giveBack(
  catalog: Catalog,
  provisioning: Provisioning,
  database: string,
  mine: Identity,
): Promise<void> {
  try {
    const registered = await catalog.findById(mine.tenantId);
    await provisioning.changeIdentity(database, mine, registered && identityOf(registered));
  } catch {
    // It is another's by now, or out of reach: the next attempt finds out.
  }
}

/**
 * Writes the identity again if another adoption took this one for cut off before it was registered, and wrote the same
 * tenant's with another fence, or took that back. It cannot write any more once this is done.
 */
async function keep(provisioning: Provisioning, database: string, mine: Identity): Promise<void> {
  const said = await provisioning.readIdentity(database);
  const isOurs =
    said === undefined ||
    (isOf(said, { id: mine.tenantId, incarnation: mine.incarnation }) && isAdoption(said));
  if (!isOurs) return;
  if (said?.fence !== mine.fence) await provisioning.changeIdentity(database, said, mine);
}

/** Whether an adoption can have written it: whatever is done to a tenant later raises the epoch, or is another state. */
function isAdoption({ epoch, state }: Identity): boolean {
  return epoch === 1 && state === 'active';
}

/** Writes the identity, or in a dry run asks whether that would go. */
async function identify(
  provisioning: Provisioning,
  input: AdoptInput,
  said: Identity | undefined,
  mine: Identity,
): Promise<void> {
  const { database, dryRun, name } = input;
  if (said === undefined && !(await inDatabase(input, () => provisioning.mayIdentify(database)))) {
    throw new InvalidInputError(`The user may not make a table in database ${database}.`, {
      tenant: name,
      hint: RIGHTS_HINT,
    });
  }
  if (!dryRun) await inDatabase(input, () => provisioning.changeIdentity(database, said, mine));
}

const RIGHTS_HINT =
  'Grant it CREATE there for the table of the identity, or adopt the database by its name: identity "name", --identity name-only.';

/** A step in the one database: what the user may not do there says nothing about the others. */
async function inDatabase<T>({ name, database, server }: AdoptInput, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof TenancyError || server.server.engine.classifyError(error) !== 'access-denied')
      throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidInputError(
      `The user may not read or write the identity in database ${database}: ${reason}`,
      {
        cause: error,
        kind: 'access-denied',
        tenant: name,
        hint: RIGHTS_HINT,
      },
    );
  }
}

function notOwn({ name, database }: AdoptInput, conflict: PlacementConflict): InvalidInputError {
  return new InvalidInputError(describeConflict(database, conflict), {
    tenant: name,
    hint: 'Adopt another database. What is in this one was not touched.',
  });
}

function another({ name, database }: AdoptInput, said: Identity): DatabaseExistsError {
  return new DatabaseExistsError(
    `The database ${database} says that it belongs to ${describeIdentity(said)}.`,
    {
      tenant: name,
      hint: 'If that tenant is gone for good, remove its identity table from the database first.',
    },
  );
}
