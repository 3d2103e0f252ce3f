/** The statements of one engine, and what its sessions can be left with. */

import type { Row } from '../../../packages/tenantry/src/index.js';
import type { Random } from '../random.mjs';

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
  /** Whether it leaves a transaction open: a call that is one lease must be refused then. */
  readonly opens: boolean;
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
  /** Each two random numbers that follow each other after a seed that somebody may have set, and whose that is. */
  readonly dice: ReadonlyMap<string, number>;
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
