import type { CatalogPosition } from '../catalog/catalog.js';
import { CatalogVersionError } from '../errors.js';
import { catalogMissing } from './catalog-error.js';
import { type CatalogPlace, describePlace } from './catalog-place.js';
import type { CatalogSql } from './catalog-sql.js';
import type { CatalogRow } from './tables.js';
import { CATALOG_VERSION } from './version.js';

/** The catalog has one row, and this is its key. */
export const THE_ROW = 1;

/** What is read of that row, whatever else a statement reads. */
export type State = Pick<CatalogRow, 'version' | 'incarnation' | 'revision'>;

/** Reads the catalog's one row by its primary key. */
export async function readState(sql: CatalogSql): Promise<State | undefined> {
  const [state] = await sql.rows<State>(
    `SELECT version, incarnation, revision FROM tenantry_catalog WHERE id = ${THE_ROW}`,
  );
  return state;
}

export async function readPosition(sql: CatalogSql, place: CatalogPlace): Promise<CatalogPosition> {
  return toPosition(await readState(sql), place);
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
