import type { EngineConnection } from '../engine/connection.js';
import { IdentityMismatchError } from '../errors.js';
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
  if (route.placement.identity === 'name') assertName(await connection.currentDatabase(), route);
  else assertIdentity(await connection.readIdentity(), route);
}

/**
 * The same without waiting, where the engine can do that.
 *
 * @throws what {@link certify} throws.
 */
export function certifyNow(connection: EngineConnection, route: Route): void {
  const said = connection.identifyNow?.();
  if (route.placement.identity === 'name') assertName(said?.database, route);
  else assertIdentity(said?.identity, route);
}

function assertIdentity(identity: Identity | undefined, route: Route): void {
  if (identity === undefined) {
    throw mismatch(
      route,
      'it carries no identity',
      'If it was restored or made by hand, adopt it: tenantry adopt',
    );
  }
  if (identity.tenantId !== route.id) {
    throw mismatch(
      route,
      `it belongs to the tenant ${identity.tenantId}`,
      'Check where the server address and the placement lead.',
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
      'It may be an old copy or a restored backup. Suspend and resume the tenant once you are sure that it is the right one.',
    );
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
