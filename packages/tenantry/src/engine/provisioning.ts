import type { Identity } from '../tenant/tenant.js';
import type { DatabasePart } from './place.js';
import type { PlacementConflict } from './placement-conflict.js';

/** What a slow-path step is about, and who may stop it. */
export interface StepOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * A part of the database (PostgreSQL): what is made, dropped, described or run in is that part, and the
   * database must be there. With isolation `row` a part is an entry beside tables that others made: making
   * it checks that they keep tenants apart, and dropping it leaves the rows.
   */
  readonly part?: DatabasePart | undefined;
}

/** From what to what an identity is changed: undefined is nothing, and it does not become nothing from nothing. */
export type IdentityChange =
  | [from: Identity | undefined, to: Identity, options?: StepOptions]
  | [from: Identity, to: undefined, options?: StepOptions];

/**
 * What makes and describes databases on one server. Every method opens connections of its own,
 * closes them before it returns, and rejects with the driver's own errors. Names are physical
 * names; each method quotes them itself.
 */
export interface Provisioning {
  /** Makes an empty database (utf8mb4, UTF8). Rejects with kind `database-exists` if it is there. */
  createDatabase(name: string, options?: StepOptions): Promise<void>;
  /**
   * Drops a database and everything in it, ending sessions that sit in it. Does nothing if it is not there. No
   * check can go with it: only a name that nobody will ever use again may be dropped (`Catalog.undoCreate`).
   */
  dropDatabase(name: string, options?: StepOptions): Promise<void>;
  /** Exact, case-sensitive, whatever the server's collation. */
  databaseExists(name: string, options?: StepOptions): Promise<boolean>;
  /** Whether a database holds no table but that of its identity. */
  isEmpty(name: string, options?: StepOptions): Promise<boolean>;
  /** The databases of this server in their exact case, without the system's own. */
  listDatabases(options?: StepOptions): Promise<readonly string[]>;
  /**
   * What the database says it is; undefined if it says nothing.
   *
   * @throws IdentityMismatchError if what it says is not of this tenantry's making.
   */
  readIdentity(name: string, options?: StepOptions): Promise<Identity | undefined>;
  /**
   * What in a database speaks against its being a tenant's own or, for a part, against its being shared. Asked of
   * the database itself, because one has many addresses.
   */
  conflictAt(name: string, options?: StepOptions): Promise<PlacementConflict | undefined>;
  /** Whether this user could write the identity of a database that has none. True when in doubt. */
  mayIdentify(name: string, options?: StepOptions): Promise<boolean>;
  /**
   * Changes what the database says it is, if it says `from` now: undefined stands for nothing at all. One
   * compare-and-set, so that no change is lost and none comes late; makes the table where it is missing.
   *
   * @throws IdentityMismatchError if it says anything else; where it says nothing, also for a conflict
   * ({@link Provisioning.conflictAt}).
   */
  changeIdentity(name: string, ...change: IdentityChange): Promise<void>;
  /** Runs a script of several statements in a database. Stops at the first error. */
  runScript(name: string, script: string, options?: StepOptions): Promise<void>;
}
