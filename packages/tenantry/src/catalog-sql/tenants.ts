import type { ListOptions, TenantPage } from '../catalog/catalog.js';
import { InvalidInputError } from '../errors.js';
import { isTenantName, nameKey, quoteForMessage } from '../tenant/name.js';
import type { Tenant } from '../tenant/tenant.js';
import { toTenant } from './rows.js';
import type { CatalogDb, TenantRow } from './tables.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

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
