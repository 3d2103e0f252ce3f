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
}
