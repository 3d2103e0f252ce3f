import type { CatalogPosition } from '../catalog/catalog.js';
import { CatalogVersionError } from '../errors.js';
import { catalogMissing } from './catalog-error.js';
import { type CatalogPlace, describePlace } from './catalog-place.js';
import type { CatalogSql } from './catalog-sql.js';
import type { CatalogRow } from './tables.js';
import { CATALOG_VERSION } from './version.js';

/** The catalog has one row, and this is its key. */
export const THE_ROW = 1;

/** What is read of that row, whatever else a statement reads. Version 1 had no more than the first three. */
export type State = Pick<CatalogRow, 'version' | 'incarnation' | 'revision'> &
  Partial<Pick<CatalogRow, 'readable_from' | 'writable_from'>>;

/** What somebody is about to do with the catalog. */
type Use = 'read' | 'write';

/** Reads the catalog's one row by its primary key: all that is in it, which is not the same in every version. */
export async function readState(sql: CatalogSql): Promise<State | undefined> {
  const [state] = await sql.rows<State>(`SELECT * FROM tenantry_catalog WHERE id = ${THE_ROW}`);
  return state;
}

/** Where the catalog stands. Throws what {@link toPosition} throws. */
export async function readPosition(
  sql: CatalogSql,
  place: CatalogPlace,
  use: Use = 'read',
): Promise<CatalogPosition> {
  return toPosition(await readState(sql), place, use);
}

/**
 * Where the catalog stands, if this code may use it so.
 *
 * @throws CatalogMissingError, CatalogVersionError
 */
export function toPosition(
  state: State | undefined,
  place: CatalogPlace,
  use: Use = 'read',
): CatalogPosition {
  if (state === undefined) throw catalogMissing(place);
  assertVersion(state, place, use);
  return { incarnation: state.incarnation, revision: Number(state.revision) };
}

/** A newer version says which code before it may go on; an older one must be brought up to date first. */
function assertVersion(state: State, place: CatalogPlace, use: Use): void {
  const { version } = state;
  if (version === CATALOG_VERSION) return;
  const from = use === 'read' ? state.readable_from : state.writable_from;
  if (version > CATALOG_VERSION && from !== undefined && from <= CATALOG_VERSION) return;
  throw new CatalogVersionError(
    `The catalog in ${describePlace(place)} has version ${version}; this version of tenantry ${use}s version ${CATALOG_VERSION}.`,
    {
      versions: { found: version, used: CATALOG_VERSION },
      hint:
        version > CATALOG_VERSION
          ? 'A newer tenantry has brought it up to date; upgrade this one as well.'
          : 'Bring it up to date with: tenantry setup',
    },
  );
}
