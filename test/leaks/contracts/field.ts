/** The server of one engine, as the hunt itself sees it: past the library. */

/** One line of a server's log. */
export type LogEvent =
  | { readonly type: 'opened'; readonly session: string; readonly database: string | undefined }
  | { readonly type: 'moved'; readonly session: string; readonly database: string | undefined }
  | { readonly type: 'closed'; readonly session: string }
  | {
      readonly type: 'statement';
      readonly session: string;
      /** Where the log says it on each line. */
      readonly database?: string | undefined;
      readonly text: string;
    };

/** A row that the audit found. */
interface Entry {
  readonly request: string;
  readonly tenant: string;
}

/** The server of one engine, as the hunt itself sees it: past the library. */
export interface Field {
  /** The URL of the server for tenants. */
  readonly url: string;
  /** Whether the server is reached over TCP, so that a proxy can be put in between. */
  readonly hasNetwork: boolean;
  /** Whether one session may serve several databases in turn. */
  readonly moves: boolean;
  /** The URL of a catalog in this database. */
  catalog(database: string): string;
  /** What the log says since it was last asked. */
  log(): Promise<LogEvent[]>;
  /** Every row of `entries` in a tenant's database. */
  entries(place: string): Promise<Entry[]>;
  /** Makes the database that tenants of these names will share, where they share one; gives the URL of the server then. */
  openHome?(database: string, names: readonly string[]): Promise<string>;
  /** Makes what tenants of these names leave behind: their roles. */
  prepare(names: readonly string[]): Promise<void>;
  /** The first random numbers after each of these seeds, where sessions have one: each two that follow each other, and the seed. */
  dice?(seeds: readonly number[]): Promise<readonly (readonly [string, number])[]>;
  /** Transactions that were prepared and that nobody has ended. */
  prepared?(): Promise<readonly Prepared[]>;
  rollBack?(prepared: Prepared): Promise<void>;
  /** Has the server take no writes, as one does that is no primary any more, or take them again; whether it did. */
  setReadOnly?(isReadOnly: boolean): Promise<boolean>;
  /** Whose a tenant's database says that it is: the id, or undefined where it says nothing. */
  owner(place: string): Promise<string | undefined>;
  /** Overwrites what a tenant's database says of itself. */
  forge(place: string, forgery: Forgery): Promise<void>;
  /** Sessions in these databases that are not the hunt's own. */
  sessions(places: ReadonlySet<string>): Promise<readonly ServerSession[]>;
  /** What the server does just now, a line for each session, and who waits for whom. */
  activity(): Promise<readonly string[]>;
  /** Ends a session at the server. */
  kill(id: string): Promise<void>;
  /** Drops databases, with whoever is in them. */
  drop(places: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A session as its server tells of it. */
interface ServerSession {
  readonly id: string;
  readonly place: string;
  /** Whether a statement is under way. */
  readonly busy: boolean;
}

/** A prepared transaction, by the request that prepared it and by its tenant. */
interface Prepared {
  readonly request: string;
  readonly tenant: string;
}

/** A suspended tenant whose database is not its own. */
export interface Hostage {
  readonly name: string;
  readonly place: string;
  /** Whose its database says that it is. */
  readonly owner: string | undefined;
}

/** How an identity is forged: one of its columns, or gone. */
export type Forgery =
  | 'gone'
  | { readonly column: 'tenant_id' | 'incarnation' | 'epoch'; readonly value: string };
