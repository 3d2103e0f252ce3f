import { type Catalog, identityOf } from '../../catalog/catalog.js';
import { DatabaseExistsError, DatabaseMissingError, InvalidInputError } from '../../errors.js';
import { newId } from '../../tenant/id.js';
import { isReservedDatabase } from '../../tenant/physical-name.js';
import type { IdentityCheck } from '../../tenant/tenant.js';
import type { AdminServer } from '../admin-server.js';
import type { Adoption } from '../tenants.js';

/** What an adoption needs. */
export interface AdoptInput {
  readonly name: string;
  readonly database: string;
  readonly identity: IdentityCheck;
  readonly dryRun: boolean;
  readonly server: AdminServer;
  /** The catalog's own database if it is on the same server: no tenant may have it. */
  readonly catalogDatabase: string | undefined;
}

/** Registers an existing database as a tenant's. Nothing in it is changed but, unless `name`, its identity. */
export async function adoptTenant(catalog: Catalog, input: AdoptInput): Promise<Adoption> {
  const { name, database } = input;
  if (isReservedDatabase(database)) {
    throw new InvalidInputError(`${database} is a database of the server's own.`, { tenant: name });
  }
  if (database.toLowerCase() === input.catalogDatabase?.toLowerCase()) {
    throw new InvalidInputError(`${database} is the catalog itself.`, { tenant: name });
  }
  const known = await catalog.findByName(name);
  const provisioning = await input.server.provisioning();
  if (!(await provisioning.databaseExists(database))) {
    throw new DatabaseMissingError(`There is no database ${database} on server ${input.server.name}.`, {
      tenant: name,
      hint: 'Names of databases match exactly, case included.',
    });
  }
  const identity = await provisioning.readIdentity(database);
  if (known !== undefined && isAdopted(known.placement, input)) {
    // An adoption that was interrupted before its last step is finished now.
    const isWhole = known.placement.identity === 'name' || identity !== undefined;
    if (!isWhole && !input.dryRun) await provisioning.writeIdentity(database, identityOf(known));
    return { outcome: 'unchanged', name, database };
  }
  if (identity !== undefined) {
    throw new DatabaseExistsError(
      `The database ${database} says that it belongs to the tenant ${identity.tenantId}.`,
      {
        tenant: name,
        hint: 'If that tenant is gone for good, remove its identity table from the database first.',
      },
    );
  }
  if (!input.dryRun) {
    const tenant = await catalog.adopt({
      id: newId(),
      name,
      server: input.server.name,
      database,
      identity: input.identity,
    });
    if (input.identity === 'table') await provisioning.writeIdentity(database, identityOf(tenant));
  }
  return { outcome: 'registered', name, database };
}

function isAdopted(
  placement: { readonly server: string; readonly database: string },
  input: AdoptInput,
): boolean {
  return placement.server === input.server.name && placement.database === input.database;
}
