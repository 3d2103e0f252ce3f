import { assertKnown } from '../tenant/status.js';
import type { Placement, Route, Tenant, TenantMetadata } from '../tenant/tenant.js';
import type { TenantRow } from './tables.js';

/** The columns that a route is made of. */
export const routeColumns = [
  'id',
  'name',
  'status',
  'server',
  'database_name',
  'isolation',
  'schema_name',
  'row_key',
  'identity_check',
  'epoch',
  'revision',
  'schema_version',
] as const;

type RouteRow = Omit<TenantRow, 'name_key' | 'metadata' | 'owner' | 'fence' | 'created_at' | 'updated_at'>;

/** A row as the outer side of a join gives it: of a tenant, or with nothing in it. */
export type MaybeRouteRow = { readonly [Column in keyof RouteRow]: RouteRow[Column] | null };

export function isRouteRow<Row extends MaybeRouteRow>(row: Row): row is Row & RouteRow {
  return row.id !== null;
}

/** A route, whatever its row says: one that this version does not understand is refused when it is used. */
export function toRoute(row: RouteRow, incarnation: string): Route {
  return Object.freeze(routeParts(row, incarnation));
}

/** @throws CatalogVersionError (`TENANTRY_CATALOG_VERSION`) for a row that this version does not understand. */
export function toTenant(row: TenantRow, incarnation: string): Tenant {
  const route = routeParts(row, incarnation);
  assertKnown(route);
  return Object.freeze({
    ...route,
    metadata: Object.freeze(JSON.parse(row.metadata) as TenantMetadata),
    createdAt: new Date(Number(row.created_at)),
    fence: Number(row.fence),
  });
}

function routeParts(row: RouteRow, incarnation: string): Route {
  return {
    id: row.id,
    name: row.name,
    status: shared(row.status),
    placement: toPlacement(row),
    incarnation: shared(incarnation),
    epoch: Number(row.epoch),
    schemaVersion: row.schema_version,
    revision: Number(row.revision),
  };
}

export function toPlacement(row: RouteRow): Placement {
  const server = shared(row.server);
  // Usually the same text; one copy of it is enough.
  const database = row.database_name === row.name ? row.name : row.database_name;
  const isolation = shared(row.isolation);
  const identity = shared(row.identity_check);
  // Written out, because a literal with parts to fill in later is made larger than it becomes.
  if (row.schema_name === null && row.row_key === null) {
    return Object.freeze({ server, database, isolation, identity });
  }
  return Object.freeze({
    ...{ server, database, isolation, identity },
    ...(row.schema_name === null ? {} : { schema: row.schema_name }),
    ...(row.row_key === null ? {} : { rowKey: row.row_key }),
  });
}

const SHARED = new Map<string, string>();
const MAX_SHARED = 1000;

/** One copy of a text that many routes have in common: drivers make a new one for every row. */
function shared<Text extends string>(text: Text): Text {
  const known = SHARED.get(text);
  if (known !== undefined) return known as Text;
  if (SHARED.size < MAX_SHARED) SHARED.set(text, text);
  return text;
}
