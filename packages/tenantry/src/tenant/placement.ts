import { nameOfSchema, physicalNameCandidates } from './physical-name.js';
import type { Isolation, Placement, Placements } from './tenant.js';

/** A tenant for which a place is looked for. */
export interface PlacementRequest {
  readonly id: string;
  readonly name: string;
  readonly server: string;
  readonly isolation: Isolation;
  /** The database that is shared; only where the isolation is not `database`. */
  readonly sharedDatabase?: string | undefined;
  /** Only with isolation `row`. Default: the tenant's id. */
  readonly rowKey?: string | undefined;
  /** Which attempt to make the tenant it is; from the second on there is a name that no other one had. */
  readonly attempt?: number | undefined;
}

/** Where a tenant could live, in this order; the first place is taken whose physical name was never used on the server. */
export function placementCandidates(request: PlacementRequest): Placements {
  const { id, name, server, isolation, sharedDatabase: database = '', rowKey = id, attempt } = request;
  const identity = 'table';
  switch (isolation) {
    case 'database':
      return each(physicalNameCandidates(name, id, attempt), (own) => ({
        server,
        database: own,
        isolation,
        identity,
      }));
    case 'schema':
      return each(physicalNameCandidates(nameOfSchema(name), id, attempt), (schema) => ({
        ...{ server, database, isolation, identity },
        schema,
      }));
    case 'row':
      return [{ server, database, isolation, identity, rowKey }];
  }
}

function each(
  [first, ...others]: readonly [string, ...string[]],
  place: (name: string) => Placement,
): Placements {
  return [place(first), ...others.map(place)];
}

/** What a place is called among all that its server ever had: no tenant can be called `/` or `=`. */
export function physicalNameOf({ database, schema, rowKey }: Placement): string {
  if (schema !== undefined) return `${database}/${schema}`;
  return rowKey === undefined ? database : `${database}/=${rowKey}`;
}
