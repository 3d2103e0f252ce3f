import type { EngineConnection } from '../engine/connection.js';
import { IdentityMismatchError } from '../errors.js';
import { assertKnown } from '../tenant/status.js';
import type { Identity, Route } from '../tenant/tenant.js';

/** The database is ahead of the route: the route is stale, and looking again may help. */
export class IdentityAheadError extends IdentityMismatchError {}

/**
 * Proves that a fresh connection reaches the database that the route means.
 *
 * @throws IdentityMismatchError if it is another tenant's, nobody's, or older than the catalog
 * says; {@link IdentityAheadError} if it is newer.
 */
export async function certify(connection: EngineConnection, route: Route): Promise<void> {
  switch (route.placement.identity) {
    case 'table':
      return assertIdentity(await connection.readIdentity(), route);
    case 'name':
      return assertName(await connection.currentDatabase(), route);
    default:
      assertKnown(route);
  }
}

/**
 * The same without waiting, where the engine can do that.
 *
 * @throws what {@link certify} throws.
 */
export function certifyNow(connection: EngineConnection, route: Route): void {
  const said = connection.identifyNow?.();
  switch (route.placement.identity) {
    case 'table':
      assertIdentity(said?.identity, route);
      break;
    case 'name':
      assertName(said?.database, route);
      break;
    default:
      assertKnown(route);
  }
}

function takeOver({ name, id }: Route): string {
  return `If you are sure that it is the right one: suspend the tenant, then tenantry tenants take-over ${name} --id ${id}`;
}

function assertIdentity(identity: Identity | undefined, route: Route): void {
  if (identity === undefined) {
    throw mismatch(route, 'it carries no identity', takeOver(route));
  }
  if (identity.tenantId !== route.id || identity.incarnation !== route.incarnation) {
    throw mismatch(
      route,
      `it belongs to the tenant ${identity.tenantId} of catalog ${identity.incarnation}, this one is ${route.id} of ${route.incarnation}`,
      'Check where the server address and the placement lead: a copied catalog, too, has tenants of the same ids.',
    );
  }
  if (identity.epoch > route.epoch) {
    throw new IdentityAheadError(
      `The database ${route.placement.database} of tenant ${route.name} is at epoch ${identity.epoch}, the catalog's answer at ${route.epoch}.`,
      { tenant: route.name, hint: 'The answer was stale, or the catalog was restored to an earlier state.' },
    );
  }
  if (identity.epoch < route.epoch) {
    throw mismatch(
      route,
      `it is at epoch ${identity.epoch}, before the catalog's ${route.epoch}`,
      `It may be an old copy or a restored backup. ${takeOver(route)}`,
    );
  }
  // At the route's epoch a tenant that is served says so: the catalog follows its database.
  if (identity.state !== route.status) {
    throw mismatch(route, `it says that it is ${identity.state}`, 'Look at the tenant; it is being changed.');
  }
}

function assertName(actual: string | undefined, route: Route): void {
  if (actual === route.placement.database) return;
  throw mismatch(route, `the server says that it is ${actual}`, 'Check where the server address leads.');
}

function mismatch(route: Route, why: string, hint: string): IdentityMismatchError {
  return new IdentityMismatchError(
    `The database ${route.placement.database} on ${route.placement.server} is not that of tenant ${route.name}: ${why}.`,
    { tenant: route.name, hint },
  );
}
