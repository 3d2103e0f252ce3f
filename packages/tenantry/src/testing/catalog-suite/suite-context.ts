import { afterEach, beforeEach, expect } from 'vitest';
import type { AdoptedTenant, Catalog, Claim, NewTenant, ProcessRecord } from '../../catalog/catalog.js';
import { newId } from '../../tenant/id.js';
import { type PlacementRequest, placementCandidates } from '../../tenant/placement.js';
import type { Route } from '../../tenant/tenant.js';
import type { CatalogFixture } from './fixture.js';

/** The server that the suite's tenants are on; a catalog does not reach for it. */
export const SERVER = 'main';

/** For changes of status that end no session. */
export const quiet = { endSessions: false } as const;

/** What every part of the suite works with: a fixture of each test's own. */
export class SuiteContext {
  #fixture: CatalogFixture | undefined;

  constructor(makeFixture: () => Promise<CatalogFixture>) {
    beforeEach(async () => {
      this.#fixture = await makeFixture();
    });
    afterEach(async () => {
      const fixture = this.#fixture;
      this.#fixture = undefined;
      await fixture?.close();
    });
  }

  get catalog(): Catalog {
    return this.#made.catalog;
  }

  another(): Catalog {
    return this.#made.another();
  }

  unreachable(): Catalog {
    return this.#made.unreachable();
  }

  get #made(): CatalogFixture {
    if (this.#fixture === undefined) throw new Error('The fixture could not be made.');
    return this.#fixture;
  }
}

/** A tenant that is to be made. */
export function fresh(name: string, place: Partial<PlacementRequest> = {}): NewTenant {
  const id = newId();
  const placements = placementCandidates({ id, name, server: SERVER, isolation: 'database', ...place });
  return { id, name, server: SERVER, placements, metadata: {} };
}

/** Begins to make a tenant: what the catalog then knows of it, and the claim to it. */
export async function begin(catalog: Catalog, tenant: NewTenant, owner: ProcessRecord) {
  const { tenant: begun, leftOver } = await catalog.beginCreate(tenant, owner);
  const claim: Claim = { id: begun.id, owner: owner.id, fence: begun.fence };
  return { ...begun, tenant: begun, leftOver, claim };
}

/** A tenant that is there already. */
export function adopted(name: string, database = name): AdoptedTenant {
  return { id: newId(), name, server: SERVER, database, identity: 'table' };
}

/** A process with a lease of 15 seconds. */
export function owner(own: Partial<ProcessRecord> = {}): ProcessRecord {
  return { id: newId(), label: 'a test', revision: 0, leaseMs: 15_000, ...own };
}

export function onlyRoute(routes: readonly Route[]): Route {
  expect(routes).toHaveLength(1);
  return defined(routes[0]);
}

export function defined<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('It was expected to be there.');
  return value;
}
