import { DatabaseExistsError, IdentityMismatchError, type TenancyError } from '../errors.js';

/**
 * Why a database cannot be what a placement makes of it. As one tenant's own: a `catalog` stands in it, tenants have
 * parts of it (`shared`), or its file has another name (`linked`). As one that tenants share: it is one's own (`owned`).
 */
export type PlacementConflict = 'catalog' | 'shared' | 'linked' | 'owned';

const conflictWords: Readonly<Record<PlacementConflict, string>> = {
  catalog: "holds a catalog, so it cannot be one tenant's own",
  shared: "is one that tenants share, so it cannot be one tenant's own",
  linked: 'is a file that has several names (hard links), so another name leads to the same data',
  owned: 'belongs to one tenant alone, so no others can share it',
};

/** What speaks against a database, as a sentence for messages. */
export function describeConflict(database: string, conflict: PlacementConflict): string {
  return `The database ${database} ${conflictWords[conflict]}.`;
}

/** The error for a database that cannot be what a placement makes of it. */
export function placementConflict(database: string, conflict: PlacementConflict): TenancyError {
  const message = describeConflict(database, conflict);
  return conflict === 'owned'
    ? new DatabaseExistsError(message, { hint: "Name another database in the path of the server's URL." })
    : new IdentityMismatchError(message, {
        hint: "Nothing was changed. Check where the server's address leads, and what was restored there.",
      });
}
