import type { ListOptions, TenantPage } from '../catalog/catalog.js';
import { InvalidInputError } from '../errors.js';
import { isTenantName, nameKey, quoteForMessage } from '../tenant/name.js';
import type { Tenant } from '../tenant/tenant.js';
import type { CatalogSql } from './catalog-sql.js';
import { toTenant } from './rows.js';
import type { CatalogDb, TenantRow } from './tables.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** What a look at the catalog has: the catalog's tables, and which catalog it is. */
export interface Reading {
  readonly sql: CatalogSql;
  readonly db: CatalogDb;
  readonly incarnation: string;
}

/** A tenant by its exact name. */
export async function findByName({ db, incarnation }: Reading, name: string): Promise<Tenant | undefined> {
  if (!isTenantName(name)) return undefined;
  const row = await rowByNameKey(db, nameKey(name));
  return row?.name === name ? toTenant(row, incarnation) : undefined;
}

/** The tenant that has this name in whatever case. */
export async function findHolder({ db, incarnation }: Reading, name: string): Promise<Tenant | undefined> {
  const row = await rowByNameKey(db, nameKey(name));
  return row && toTenant(row, incarnation);
}

export async function findById({ db, incarnation }: Reading, id: string): Promise<Tenant | undefined> {
  const row = await rowById(db, id);
  return row === undefined ? undefined : toTenant(row, incarnation);
}

/** The tenant that holds a casefolded name now. */
export function rowByNameKey(db: CatalogDb, key: string): Promise<TenantRow | undefined> {
  return db.selectFrom('tenantry_tenants').selectAll().where('name_key', '=', key).executeTakeFirst();
}

export function rowById(db: CatalogDb, id: string): Promise<TenantRow | undefined> {
  return db.selectFrom('tenantry_tenants').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function isEmpty({ db }: Reading): Promise<boolean> {
  const row = await db
    .selectFrom('tenantry_tenants')
    .select('id')
    .where('name_key', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row === undefined;
}

/** @throws InvalidInputError for a limit or a cursor that cannot be. */
export async function listTenants({ db, incarnation }: Reading, options: ListOptions): Promise<TenantPage> {
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
  // A creation that was undone is no tenant that anybody knew: its physical name is doomed, or free again.
  if (options.status === 'deleted') {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('tenantry_physical_names as physical')
          .select('physical.name')
          .whereRef('physical.tenant_id', '=', 'tenantry_tenants.id')
          .where('physical.doomed_at', 'is', null),
      ),
    );
  }
  if (options.after !== undefined) {
    const { name, id } = parseCursor(options.after);
    query = query.where((eb) =>
      eb.or([eb('name', '>', name), eb.and([eb('name', '=', name), eb('id', '>', id)])]),
    );
  }
  const rows = await query.execute();
  const tenants = rows.slice(0, limit).map((row) => toTenant(row, incarnation));
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
