import { CatalogMissingError, InvalidOptionError } from '../errors.js';
import type { Catalog, CatalogPosition, NewTenant, PlannedTenant } from './catalog.js';

/** Where a catalog stands that does not exist yet. */
const NOWHERE: CatalogPosition = { incarnation: 'none', revision: 0 };

/**
 * A catalog that cannot be changed, for dry runs: every change is refused. One that is not set up counts as an empty
 * one where the act itself would set it up; else it is missing, as for the act itself.
 */
export function previewCatalog(catalog: Catalog, setsUp: boolean): Catalog {
  const orIfMissing = async <T>(answer: Promise<T>, whenMissing: T): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (setsUp && error instanceof CatalogMissingError) return whenMissing;
      throw error;
    }
  };
  return {
    position: (signal) => orIfMissing(catalog.position(signal), NOWHERE),
    routesByName: (names, signal) =>
      orIfMissing(catalog.routesByName(names, signal), { ...NOWHERE, routes: [] }),
    routesById: (ids, signal) => orIfMissing(catalog.routesById(ids, signal), { ...NOWHERE, routes: [] }),
    changesAfter: (revision, limit, signal) =>
      orIfMissing(catalog.changesAfter(revision, limit, signal), { ...NOWHERE, routes: [] }),
    findByName: (name) => orIfMissing(catalog.findByName(name), undefined),
    findHolder: (name) => orIfMissing(catalog.findHolder(name), undefined),
    findById: (id) => orIfMissing(catalog.findById(id), undefined),
    list: (options) => orIfMissing(catalog.list(options), { tenants: [], next: null }),
    isEmpty: () => orIfMissing(catalog.isEmpty(), true),
    isDoomed: (placement) => orIfMissing(catalog.isDoomed(placement), false),
    isTaken: (placement) => orIfMissing(catalog.isTaken(placement), false),
    planCreate: (tenant) => orIfMissing(catalog.planCreate(tenant), firstPlan(tenant)),
    planStatus: (tenant, to) => catalog.planStatus(tenant, to),
    planRaise: (tenant) => catalog.planRaise(tenant),
    setup: () => catalog.planSetup(),
    planSetup: () => catalog.planSetup(),
    beginCreate: refuse,
    beginDatabase: refuse,
    finishCreate: refuse,
    undoCreate: refuse,
    releaseCreate: refuse,
    adopt: refuse,
    changeStatus: refuse,
    raise: refuse,
    registerServer: refuse,
    heartbeat: refuse,
    removeProcess: refuse,
  };
}

/** In an empty catalog every name is free. */
function firstPlan({ id, name, placements }: NewTenant): PlannedTenant {
  return { id, name, incarnation: NOWHERE.incarnation, placement: placements[0] };
}

function refuse(): Promise<never> {
  return Promise.reject(
    new InvalidOptionError('A preview changes nothing.', { hint: 'Leave out the option "preview".' }),
  );
}
