/** The shapes that the parts of the leak hunt hand to each other; see docs/leak-hunt.md. */

import type { Executor, Row, Session, Tenancy } from '../../packages/tenantry/src/index.js';
import type { Random } from './random.mjs';

export type { Executor, Row, Session, Tenancy };

export type EngineName = 'mysql' | 'postgres' | 'sqlite';
export type Isolation = 'database' | 'schema' | 'row';

/** What is to be hunted, and how long. */
export interface HuntOptions {
  readonly engine: EngineName;
  readonly isolation: Isolation;
  readonly tenants: number;
  readonly processes: number;
  /** Of one process to the database server, the ones that go through the proxy included. */
  readonly connections: number;
  readonly operations: number;
  readonly seed: number;
}

/** Where a tenant stands, as the hunt itself knows it. */
export interface TenantState {
  readonly id: string;
  readonly epoch: number;
  readonly status: 'active' | 'suspended' | 'deleted' | 'absent';
  /** The name of its database, its schema, or the key of its rows. */
  readonly place: string;
  readonly revision: number;
}

/** A tenant that is hunted. */
export interface Prey {
  readonly name: string;
  /** `main` is reached directly, `far` through the proxy. */
  readonly server: 'main' | 'far';
  /** The process that changes it. */
  readonly owner: number;
  /** Whether it is deleted and created anew. */
  readonly phoenix: boolean;
  readonly state: TenantState;
}

/** What a hunter process is told at its start. */
export interface HunterConfig {
  readonly engine: EngineName;
  readonly isolation: Isolation;
  readonly process: number;
  readonly seed: number;
  readonly connections: number;
  /** How long a call may wait for a connection. */
  readonly acquireMs: number;
  /** The library that is hunted: a URL of its `dist` folder, mutated or not. */
  readonly dist: string;
  /** The unspoilt library, for the tools of the hunt. */
  readonly tools: string;
  readonly url: string;
  /** Whether the server is reached over TCP, so that a proxy can be put in between. */
  readonly hasNetwork: boolean;
  readonly catalog: string;
  readonly script: string;
  readonly prey: readonly Prey[];
  /** Tenants whose databases carry somebody else's identity: they must never be served. */
  readonly impostors: readonly string[];
  /** Suspended tenants whose databases are somebody else's, or nobody's: they must never be resumed. */
  readonly hostages: readonly string[];
  /** Where the drivers' calls are written that no server logs. */
  readonly traceFile: string;
  /** See {@link Field.dice}. */
  readonly dice: readonly (readonly [number, number])[];
}

/** A change of a tenant, from the call to its acknowledgement. */
export interface Change {
  readonly name: string;
  readonly what: 'create' | 'suspend' | 'resume' | 'delete';
  readonly beganAt: number;
  endedAt?: number;
  /** What the tenant is since; missing while it goes on and where it failed. */
  state?: TenantState;
}

/** What a session is bound to. */
export type Binding = Pick<TenantState, 'id' | 'epoch' | 'place'>;

/** When something ran, and what its process had confirmed of the catalog by its start. */
interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly floor: number;
}

/** A statement that completed. */
export interface Answer extends Span {
  readonly kind: 'answer';
  readonly name: string;
  readonly request: string;
  /** Where it says that it ran. */
  readonly place: string;
  /** What its session was bound to, where that was asked for before. */
  readonly binding: Binding | undefined;
  readonly write: boolean;
}

/** What a session said that it is bound to, before it ran anything. */
export interface Bound extends Span {
  readonly kind: 'bound';
  readonly name: string;
  readonly binding: Binding;
}

/** Rows that were written together, and what must have become of them. */
export interface Batch {
  readonly kind: 'batch';
  readonly name: string;
  readonly place: string | undefined;
  readonly requests: readonly string[];
  /** `there`: exactly once; `gone`: never; `open`: nobody could say, but all of them or none. */
  readonly outcome: 'there' | 'gone' | 'open';
}

/** An error that a caller got. */
export interface Failure extends Span {
  readonly kind: 'failure';
  readonly operation: string;
  readonly name: string;
  /** The statements that it began with. */
  readonly requests: readonly string[];
  readonly process: number;
  readonly far: boolean;
  readonly code: string;
  readonly errorKind: string | undefined;
  readonly message: string;
  /** What the operation did to itself. */
  readonly fault: 'abort' | 'timeout' | undefined;
  /** Codes that this operation provokes, or `CODE (kind)` where only that kind of it is provoked. */
  readonly expects: readonly string[];
}

/** A promise that was seen broken. */
interface Finding {
  readonly kind: 'finding';
  readonly judge: 'rows' | 'log';
  readonly what: string;
}

/** A session that the hunt ended at the server. */
export interface Kill {
  readonly session: string;
  /** Where it was then, or had been before it was moved. */
  readonly place: string;
  readonly from: number;
  readonly until: number;
}

/** A time in which a server took no writes, or a process stood still. */
export interface Mood {
  readonly from: number;
  readonly until: number;
}

/** A statement that must never have been sent. */
interface Never {
  readonly kind: 'never';
  readonly request: string;
  readonly why: string;
}

/** A time in which the proxy cut connections. */
export interface Storm {
  readonly kind: 'storm';
  readonly process: number;
  readonly from: number;
  readonly until: number;
}

/** Something that nobody expects of the library at all: a stuck call, an unhandled rejection. */
interface Surprise {
  readonly kind: 'surprise';
  readonly text: string;
}

export type Note =
  | Answer
  | Batch
  | Bound
  | Failure
  | Finding
  | Never
  | Storm
  | Surprise
  | { readonly kind: 'began'; readonly number: string; readonly change: Change }
  | { readonly kind: 'ended'; readonly number: string; readonly change: Change };

/** What the hunt tells a hunter. */
export type Order =
  | { readonly type: 'start'; readonly config: HunterConfig }
  | { readonly type: 'round'; readonly operations: number }
  | { readonly type: 'news'; readonly change: Change }
  | { readonly type: 'finish' };

/** What a hunter has done since it started. */
export interface Totals {
  readonly operations: number;
  readonly aborts: number;
}

/** What a hunter tells the hunt. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'notes'; readonly notes: readonly Note[]; readonly totals: Totals }
  | { readonly type: 'round-done' }
  | {
      readonly type: 'finished';
      readonly leased: number;
      readonly rebinds: number;
      readonly handlesPeak: number;
    };

/** A statement, and how its reply is known to be its own. */
export interface Statement {
  readonly sql: string;
  readonly params?: readonly string[];
  readonly request: string;
  /** What the column `request` of its reply must be. */
  readonly echo: string;
}

/** Whose a statement is; goes into its comment. */
export interface Mark {
  readonly name: string;
  readonly epoch: number | '?';
  readonly request: string;
}

/** Something that plain SQL leaves behind in a connection. */
export interface Leftover {
  readonly what: string;
  /** How often it is chosen; there are many ways to hide something. */
  readonly weight: number;
  /** Several where they belong into one lease: then a client is lent for them. */
  readonly sql: (mark: Mark, random: Random) => string | readonly string[];
  /** Whether it may also be said inside a transaction. */
  readonly inTransaction: boolean;
  /** Codes of errors with which it may be refused. */
  readonly expects: readonly string[];
}

/** A statement that ends the open transaction. */
interface Ending {
  readonly what: string;
  readonly sql: (mark: Mark) => string;
  /** What becomes of the rows that were written before. */
  readonly first: 'there' | 'gone';
}

/** A statement that the server must refuse, because what it uses was never made in this session. */
export interface Trap {
  readonly what: string;
  readonly sql: (mark: Mark) => string;
}

/** Who looks for what others left. */
export interface Lookout {
  readonly place: string;
  /** The tenant's number. */
  readonly number: number;
  /** The first random numbers after each seed that somebody may have set, and whose that is. */
  readonly dice: ReadonlyMap<number, number>;
}

/** The statements of one engine. */
export interface Dialect {
  /** Makes a tenant's tables; `whoami` then says where it was made. */
  readonly script: string;
  /** Rows say `request` and `place`. */
  read(mark: Mark): Statement;
  /** The same text for every tenant and request: what a cache of statements confuses. */
  prepared(mark: Mark): Statement;
  slow(mark: Mark, milliseconds: number): Statement;
  /** How many rows of a batch are visible: column `entries`. */
  countBatch(mark: Mark, batch: string): Statement;
  insert(mark: Mark, batch: string): string;
  slowInsert(mark: Mark, batch: string, milliseconds: number): string;
  /** A statement that the database refuses. */
  refused(mark: Mark): string;
  /** Looks for what whoever had the connection before left behind, the same tenant included; leaves nothing itself. */
  probe(mark: Mark): Statement;
  /** What the probe's row proves, or undefined. */
  judgeProbe(row: Row, lookout: Lookout): string | undefined;
  readonly leftovers: readonly Leftover[];
  /** What ends an open transaction at the server. */
  readonly endings: readonly Ending[];
  /** Takes one of two locks for the transaction, where the server ends a transaction that is in a deadlock. */
  lockRow?(mark: Mark, row: number): string;
  /** What makes a session read strings, or the bytes of a text, in another way; '' for nothing. */
  readonly oddities: readonly string[];
  /** With one parameter; finds no row, whatever that is. */
  mirror(mark: Mark): Statement;
  /** Statements that work only where somebody left something behind. */
  readonly traps: readonly Trap[];
  /** The physical name that a value of the column `place` means. */
  place(value: unknown): string;
}

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
  /** The first random numbers after each of these seeds, where sessions have one, and the seed. */
  dice?(seeds: readonly number[]): Promise<readonly (readonly [number, number])[]>;
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

/** A leak that is put into a copy of the library on purpose. */
export interface Mutant {
  readonly name: string;
  /** What the library then does wrong. */
  readonly about: string;
  /** Where it can be seen; the first is the one that it is hunted on by default. */
  readonly engines: readonly EngineName[];
  /** How tenants must be kept apart for it. Default: in any way. */
  readonly isolations?: readonly Isolation[];
  readonly patches: readonly Patch[];
}

/** A replacement in one file of `dist`; the text must be there exactly once. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** What is used of a handle of SQLite's drivers. */
export interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** Replaced where a handle is traced. */
interface SqliteStatement {
  all: (...values: unknown[]) => unknown;
  run: (...values: unknown[]) => unknown;
}
