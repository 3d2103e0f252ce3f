import type { Identity } from '../tenant/tenant.js';
import type { DatabasePart } from './place.js';

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

/**
 * What makes and describes databases on one server. Every method opens connections of its own,
 * closes them before it returns, and rejects with the driver's own errors. Names are physical
 * names; each method quotes them itself.
 */
export interface Provisioning {
  /** Makes an empty database (utf8mb4, UTF8). Rejects with kind `database-exists` if it is there. */
  createDatabase(name: string, options?: StepOptions): Promise<void>;
  /** Drops a database and everything in it, ending sessions that sit in it. Does nothing if it is not there. */
  dropDatabase(name: string, options?: StepOptions): Promise<void>;
  /** Exact, case-sensitive, whatever the server's collation. */
  databaseExists(name: string, options?: StepOptions): Promise<boolean>;
  /** Whether a database holds no table but tenantry's own. */
  isEmpty(name: string, options?: StepOptions): Promise<boolean>;
  /** The databases of this server in their exact case, without the system's own. */
  listDatabases(options?: StepOptions): Promise<readonly string[]>;
  readIdentity(name: string, options?: StepOptions): Promise<Identity | undefined>;
  /** Writes what the database is, in one transaction, making the table where it is missing. */
  writeIdentity(name: string, identity: Identity, options?: StepOptions): Promise<void>;
  /** Runs a script of several statements in a database. Stops at the first error. */
  runScript(name: string, script: string, options?: StepOptions): Promise<void>;
}
