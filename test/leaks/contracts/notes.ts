/** What a hunter takes down of what happened, and what the hunt itself did: all that the judges hear. */

import type { TenantState } from './prey.js';

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
  /** Whether the server should say what it does. */
  readonly isStuck?: boolean;
}

/** The library has told that it could not roll a prepared transaction back. */
interface Told {
  readonly kind: 'told';
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
  | Told
  | { readonly kind: 'began'; readonly number: string; readonly change: Change }
  | { readonly kind: 'ended'; readonly number: string; readonly change: Change };
