import { sql } from 'kysely';
import type { CatalogPosition } from '../catalog/catalog.js';
import { CatalogVersionError } from '../errors.js';
import { catalogMissing } from './catalog-error.js';
import { type CatalogPlace, describePlace } from './catalog-place.js';
import type { Table } from './migrations/create-table.js';
import { CATALOG_VERSION } from './migrations/index.js';
import type { SqlDialect } from './sql-dialect.js';
import type { CatalogDb, CatalogRow } from './tables.js';

/** The catalog has one row, and this is its key. */
export const THE_ROW = 1;

/** What is read of that row, whatever else a statement reads. */
export type State = Pick<CatalogRow, 'version' | 'incarnation' | 'revision'>;

/** Its table. No version changes it: every version must be able to read what version it has met. */
export function catalogTable({ ddl }: SqlDialect): Table {
  return {
    name: 'tenantry_catalog',
    columns: [
      'id smallint not null primary key',
      'version integer not null',
      `incarnation ${ddl.text(36)} not null`,
      'revision bigint not null',
      'created_at bigint not null',
    ],
  };
}

/** Reads the catalog's one row by its primary key. */
export function readState(db: CatalogDb): Promise<State | undefined> {
  return db
    .selectFrom('tenantry_catalog')
    .select(['version', 'incarnation', 'revision'])
    .where('id', '=', THE_ROW)
    .executeTakeFirst();
}

/**
 * Where the catalog stands, if this code understands it.
 *
 * @throws CatalogMissingError, CatalogVersionError
 */
export function toPosition(state: State | undefined, place: CatalogPlace): CatalogPosition {
  if (state === undefined) throw catalogMissing(place);
  if (state.version !== CATALOG_VERSION) throw versionError(state.version, place);
  return { incarnation: state.incarnation, revision: Number(state.revision) };
}

/**
 * Takes the next revision. It is the first statement of every change: the row stays locked until
 * the change commits, so revisions become visible in their order, and changes happen one by one.
 */
export async function takeRevision(db: CatalogDb, place: CatalogPlace): Promise<number> {
  await db
    .updateTable('tenantry_catalog')
    .set({ revision: sql<number>`revision + 1` })
    .where('id', '=', THE_ROW)
    .where('version', '=', CATALOG_VERSION)
    .execute();
  return toPosition(await readState(db), place).revision;
}

function versionError(version: number, place: CatalogPlace): CatalogVersionError {
  const isNewer = version > CATALOG_VERSION;
  return new CatalogVersionError(
    `The catalog in ${describePlace(place)} has version ${version}; this version of tenantry works with ${CATALOG_VERSION}.`,
    {
      hint: isNewer
        ? 'A newer tenantry has brought it up to date; upgrade this one as well.'
        : 'Bring it up to date with: tenantry setup',
    },
  );
}
