import type { RouteSnapshot } from '../catalog/catalog.js';
import type { Parameter } from '../engine/connection.js';
import { isTenantName, nameKey } from '../tenant/name.js';
import { isTenantId } from '../tenant/ref.js';
import type { Route } from '../tenant/tenant.js';
import { kindOf } from './catalog-error.js';
import type { CatalogPlace } from './catalog-place.js';
import type { CatalogSql } from './catalog-sql.js';
import { readPosition, type State, THE_ROW, toPosition } from './position.js';
import { isRouteRow, type MaybeRouteRow, routeColumns, toRoute } from './rows.js';
import type { CatalogRow } from './tables.js';

/** The catalog's state, and beside it the routes that a condition on `tenant` picks: one statement, so all of one moment. */
const stateAndRoutes = (condition: string) =>
  `SELECT catalog.version, catalog.readable_from, catalog.writable_from, catalog.incarnation,
     catalog.revision AS catalog_revision,
     ${routeColumns.map((column) => `tenant.${column}`).join(', ')}
   FROM tenantry_catalog AS catalog LEFT JOIN tenantry_tenants AS tenant ON ${condition}
   WHERE catalog.id = ${THE_ROW}`;

export async function readRoutes(
  sql: CatalogSql,
  place: CatalogPlace,
  names: readonly string[],
): Promise<RouteSnapshot> {
  const possible = new Set(names.filter(isTenantName));
  if (possible.size === 0) return { ...(await readPosition(sql, place)), routes: [] };
  const keys = [...possible].map(nameKey);
  const condition = `tenant.name_key IN (${keys.map(() => '?').join(', ')})`;
  const rows = await rowsOf(sql, place, stateAndRoutes(condition), keys);
  // The index is on the casefolded name; which of the two cases was meant is decided here.
  return snapshot(rows, place, (route) => possible.has(route.name));
}

/** A tenant that was deleted has its id still, and no name; here it is nobody any more. */
export async function readRoutesById(
  sql: CatalogSql,
  place: CatalogPlace,
  ids: readonly string[],
): Promise<RouteSnapshot> {
  const possible = new Set(ids.filter(isTenantId));
  if (possible.size === 0) return { ...(await readPosition(sql, place)), routes: [] };
  const condition = `tenant.name_key IS NOT NULL AND tenant.id IN (${[...possible].map(() => '?').join(', ')})`;
  const rows = await rowsOf(sql, place, stateAndRoutes(condition), [...possible]);
  return snapshot(rows, place, (route) => possible.has(route.id));
}

/** Each change has a revision of its own, so a limit never splits one. */
export async function readChanges(
  sql: CatalogSql,
  place: CatalogPlace,
  revision: number,
  limit: number,
): Promise<RouteSnapshot> {
  const statement = `${stateAndRoutes('tenant.revision > ?')} ORDER BY tenant.revision LIMIT ?`;
  const rows = await rowsOf(sql, place, statement, [revision, limit]);
  return snapshot(rows, place, () => true);
}

type SnapshotRow = MaybeRouteRow &
  Omit<State, 'revision'> & { readonly catalog_revision: CatalogRow['revision'] };

/** The rows of a statement. Tables of another version may not have what it asks for: then that is said. */
async function rowsOf(
  sql: CatalogSql,
  place: CatalogPlace,
  statement: string,
  params: readonly Parameter[],
): Promise<SnapshotRow[]> {
  try {
    return await sql.rows<SnapshotRow>(statement, params);
  } catch (error) {
    if (kindOf(error, place) === 'other') await readPosition(sql, place);
    throw error;
  }
}

function snapshot(
  rows: readonly SnapshotRow[],
  place: CatalogPlace,
  isWanted: (route: Route) => boolean,
): RouteSnapshot {
  const [first] = rows;
  const state = first === undefined ? undefined : { ...first, revision: first.catalog_revision };
  const position = toPosition(state, place);
  const routes = rows.filter(isRouteRow).map((row) => toRoute(row, position.incarnation));
  return { ...position, routes: routes.filter(isWanted) };
}
