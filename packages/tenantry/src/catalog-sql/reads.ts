import type { CatalogPosition, ListOptions, RouteSnapshot, TenantPage } from '../catalog/catalog.js';
import { InvalidInputError } from '../errors.js';
import { isTenantName, nameKey, quoteForMessage } from '../tenant/name.js';
import type { Route, Tenant } from '../tenant/tenant.js';
import type { CatalogPlace } from './catalog-place.js';
import { readState, THE_ROW, toPosition } from './position.js';
import { isRouteRow, type MaybeRouteRow, routeColumns, toRoute, toTenant } from './rows.js';
import type { CatalogDb, CatalogRow, TenantRow } from './tables.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export async function readPosition(db: CatalogDb, place: CatalogPlace): Promise<CatalogPosition> {
  return toPosition(await readState(db), place);
}

/** One statement, so that the position and the routes are of one moment. */
export async function readRoutes(
  db: CatalogDb,
  place: CatalogPlace,
  names: readonly string[],
): Promise<RouteSnapshot> {
  const possible = new Set(names.filter(isTenantName));
  if (possible.size === 0) return { ...(await readPosition(db, place)), routes: [] };
  const rows = await routesAndState(db)
    .leftJoin('tenantry_tenants', (join) =>
      join.on('tenantry_tenants.name_key', 'in', [...possible].map(nameKey)),
    )
    .select(routeColumns)
    .execute();
  // The index is on the casefolded name; which of the two cases was meant is decided here.
  return snapshot(rows, place, (route) => possible.has(route.name));
}

/** One statement as well. Each change has a revision of its own, so a limit never splits one. */
export async function readChanges(
  db: CatalogDb,
  place: CatalogPlace,
  revision: number,
  limit: number,
): Promise<RouteSnapshot> {
  const rows = await routesAndState(db)
    .leftJoin('tenantry_tenants', (join) => join.on('tenantry_tenants.revision', '>', revision))
    .select(routeColumns)
    .orderBy('tenantry_tenants.revision')
    .limit(limit)
    .execute();
  return snapshot(rows, place, () => true);
}

/** A tenant by its exact name. */
export async function findByName(db: CatalogDb, name: string): Promise<Tenant | undefined> {
  if (!isTenantName(name)) return undefined;
  const row = await rowByNameKey(db, nameKey(name));
  return row?.name === name ? toTenant(row) : undefined;
}

export async function findById(db: CatalogDb, id: string): Promise<Tenant | undefined> {
  const row = await rowById(db, id);
  return row === undefined ? undefined : toTenant(row);
}

/** The tenant that holds a casefolded name now. */
export function rowByNameKey(db: CatalogDb, key: string): Promise<TenantRow | undefined> {
  return db.selectFrom('tenantry_tenants').selectAll().where('name_key', '=', key).executeTakeFirst();
}

export function rowById(db: CatalogDb, id: string): Promise<TenantRow | undefined> {
  return db.selectFrom('tenantry_tenants').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function isEmpty(db: CatalogDb): Promise<boolean> {
  const row = await db
    .selectFrom('tenantry_tenants')
    .select('id')
    .where('name_key', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row === undefined;
}

/** @throws InvalidInputError for a limit or a cursor that cannot be. */
export async function listTenants(db: CatalogDb, options: ListOptions): Promise<TenantPage> {
  const limit = options.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new InvalidInputError(`A page has 1 to ${MAX_LIMIT} tenants, not ${limit}.`);
  }
  let query = db
    .selectFrom('tenantry_tenants')
    .selectAll()
    .orderBy('name')
    .orderBy('id')
    .limit(limit + 1);
  query =
    options.status === undefined
      ? query.where('status', '!=', 'deleted')
      : query.where('status', '=', options.status);
  if (options.after !== undefined) {
    const { name, id } = parseCursor(options.after);
    query = query.where((eb) =>
      eb.or([eb('name', '>', name), eb.and([eb('name', '=', name), eb('id', '>', id)])]),
    );
  }
  const rows = await query.execute();
  const tenants = rows.slice(0, limit).map(toTenant);
  const last = tenants.at(-1);
  return { tenants, next: rows.length > limit && last !== undefined ? toCursor(last) : null };
}

function routesAndState(db: CatalogDb) {
  return db
    .selectFrom('tenantry_catalog')
    .select([
      'tenantry_catalog.version',
      'tenantry_catalog.incarnation',
      'tenantry_catalog.revision as catalog_revision',
    ])
    .where('tenantry_catalog.id', '=', THE_ROW);
}

/** A row of the statements above: the catalog's state, and beside it a route if there is one. */
type SnapshotRow = MaybeRouteRow &
  Pick<CatalogRow, 'version' | 'incarnation'> & { readonly catalog_revision: CatalogRow['revision'] };

function snapshot(
  rows: readonly SnapshotRow[],
  place: CatalogPlace,
  isWanted: (route: Route) => boolean,
): RouteSnapshot {
  const [first] = rows;
  const state = first === undefined ? undefined : { ...first, revision: first.catalog_revision };
  return { ...toPosition(state, place), routes: rows.filter(isRouteRow).map(toRoute).filter(isWanted) };
}

function toCursor(tenant: Tenant): string {
  return `${tenant.name}/${tenant.id}`;
}

function parseCursor(cursor: string): { name: string; id: string } {
  const slash = cursor.indexOf('/');
  if (slash > 0) return { name: cursor.slice(0, slash), id: cursor.slice(slash + 1) };
  throw new InvalidInputError(`${quoteForMessage(cursor)} is not where a page ended.`, {
    hint: 'Pass the `next` of the page before, as it was.',
  });
}
