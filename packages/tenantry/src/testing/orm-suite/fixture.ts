import type { Tenancy } from '../../tenancy.js';

/** What an ORM can do inside a transaction, and outside of one. Every tenant has a table `users (id, username)`. */
export interface OrmHandle {
  /** The names of all users, by id. May be lazy: then nothing runs before it is awaited. */
  names(): PromiseLike<string[]>;
  /** Adds a user; rejects where the id is taken. */
  add(id: number, username: string): PromiseLike<unknown>;
}

/** A handle inside a transaction. */
export interface OrmTransaction extends OrmHandle {
  /** A transaction inside this one; left out where the ORM has none. */
  nested?(work: (handle: OrmHandle) => Promise<void>): Promise<void>;
}

/** An ORM's own ways to look at a schema and to change it; each works in the tenant that is in context. */
export interface OrmSchemaTools {
  /** Makes a table with a column `id`. */
  create?(table: string): Promise<void>;
  has?(table: string): Promise<boolean>;
  /** The names of the table's columns. */
  columns?(table: string): Promise<string[]>;
  drop?(table: string): Promise<void>;
  /** Runs the ORM's migrations, whose one makes a table `migrated`. */
  migrate?(): Promise<unknown>;
  /** Undoes it. */
  revert?(): Promise<unknown>;
  /** Makes what the ORM's model has and the database has not: a table `synchronized`. */
  synchronize?(): Promise<unknown>;
  /** Drops every table. */
  dropAll?(): Promise<unknown>;
}

/** ONE instance of an ORM, which serves whatever tenant is in context. */
export interface OrmUnderTest extends OrmHandle {
  /** Commits when the work resolves, rolls back when it rejects. */
  transaction(work: (handle: OrmTransaction) => Promise<void>): Promise<void>;
  /** The name with this id, by a statement that the ORM or its driver keeps prepared. */
  prepared?(id: number): PromiseLike<string | undefined>;
  /** All names, row by row, while the connection is held. */
  stream?(): AsyncIterable<string>;
  /** Left out where the ORM has none in an application's process. */
  readonly schema?: OrmSchemaTools;
  /** Ends the instance as its documentation says; the tenancy goes on. */
  close(): Promise<void>;
}

/** What an ORM may be unable to do, each with the reason. */
export type OrmGaps = Partial<
  Record<
    'transactions' | 'nested transactions' | 'prepared statements' | 'streaming' | 'schema tools',
    string
  >
>;

/** What the suite needs in order to try an ORM on real servers. */
export interface OrmSetting {
  readonly tenancy: Tenancy;
  /** At least ten tenants, each with an empty table `users (id, username)`. */
  readonly tenants: readonly string[];
  /** Every table in the tenant's part, or the template's; left out where tenants have no tables of their own. */
  tables?(tenant: string | undefined): Promise<string[]>;
  /** Called once, outside any context, as an application does when it starts. */
  open(): Promise<OrmUnderTest>;
  /** Called once, after the suite's last test. */
  close(): Promise<void>;
}
