import { describe } from 'vitest';
import { describeChanges } from './changes.js';
import { describeCreating } from './creating.js';
import type { CatalogFixture } from './fixture.js';
import { describeListing } from './listing.js';
import { describePhysicalNames } from './physical-names.js';
import { describePlanning } from './planning.js';
import { describeRoutes } from './routes.js';
import { describeSetup } from './setup.js';
import { describeStatuses } from './statuses.js';
import { SuiteContext } from './suite-context.js';

/**
 * Defines the conformance suite of the catalog's contract: what every catalog must do. Call it in a
 * vitest file. What a catalog cannot do is skipped, with the reason.
 *
 * @example
 * ```ts
 * describeCatalog('my catalog', async () => ({
 *   catalog: myCatalog(url),
 *   another: () => myCatalog(url),
 *   unreachable: () => myCatalog(whereNobodyListens),
 *   close: () => dropEverything(url),
 * }));
 * ```
 */
export function describeCatalog(label: string, makeFixture: () => Promise<CatalogFixture>): void {
  describe(`the catalog ${label}`, () => {
    const suite = new SuiteContext(makeFixture);
    describeSetup(suite);
    describeCreating(suite);
    describePlanning(suite);
    describePhysicalNames(suite);
    describeStatuses(suite);
    describeRoutes(suite);
    describeChanges(suite);
    describeListing(suite);
  });
}
