/** What is to be hunted, and what the hunt and its hunters tell each other; see docs/leak-hunt.md. */

import type { Field } from './field.js';
import type { Change, Note } from './notes.js';
import type { Prey } from './prey.js';

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
  readonly dice: readonly (readonly [string, number])[];
}

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
