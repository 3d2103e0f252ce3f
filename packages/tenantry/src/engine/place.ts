import { CatalogVersionError, InternalError } from '../errors.js';
import type { Placement } from '../tenant/tenant.js';
import type { Secret } from './secret.js';

/** The part of a database that is one tenant's, where several share it; only PostgreSQL has such parts. */
export type DatabasePart =
  | { readonly isolation: 'schema'; readonly schema: string }
  /** The tenant's rows: those whose policies compare with this key. */
  | { readonly isolation: 'row'; readonly key: string };

/** As whom a connection is opened, where not as the user in the server's address. */
export interface Credentials {
  readonly user: string;
  readonly password?: Secret | undefined;
}

/** What makes a place more than a database. Everything left out: the whole of it, as the address's user. */
export interface PlaceOptions {
  readonly part?: DatabasePart | undefined;
  readonly credentials?: Credentials | undefined;
  /**
   * Whether the connection is for this library's own work, as on the catalog: its values are read by rules of our
   * own, whatever the application told the driver for its whole process. Default false.
   */
  readonly ours?: boolean | undefined;
}

/**
 * The part of its database that a placement means, or undefined where it is the whole.
 *
 * @throws InternalError (`TENANTRY_INTERNAL`) for a placement that should name its part and does not.
 */
export function partOf({ database, isolation, schema, rowKey }: Placement): DatabasePart | undefined {
  if (isolation === 'database') return undefined;
  if (isolation === 'schema' && schema !== undefined) return { isolation, schema };
  if (isolation === 'row' && rowKey !== undefined) return { isolation, key: rowKey };
  if (isolation !== 'schema' && isolation !== 'row') {
    throw new CatalogVersionError(
      `A placement in ${database} has an isolation that this version does not know.`,
      {
        hint: 'A newer tenantry wrote it; upgrade this one as well.',
      },
    );
  }
  throw new InternalError(`A placement in ${database} has the isolation ${isolation}, and names no part.`, {
    hint: 'The catalog was changed by hand; put back what the tenant had.',
  });
}
