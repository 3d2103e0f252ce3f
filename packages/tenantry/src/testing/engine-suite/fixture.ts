import type { EngineServer } from '../../engine/engine.js';
import type { DatabasePart } from '../../engine/place.js';

/** Something that an engine's fixture has, or the reason why it cannot have it. */
export type Available<T> = { readonly value: T } | { readonly missing: string };

/** What the conformance suite needs in order to try an engine on a real server. */
export interface EngineFixture {
  /** A server, reached as somebody who may create databases and end other sessions. */
  readonly server: EngineServer;
  /** The name of a database that does not exist. A new one at each call, with upper and lower case letters. */
  databaseName(): string;
  /** The same server, with credentials that it refuses. */
  readonly refused: Available<EngineServer>;
  /** An address where nobody listens. */
  readonly unreachable: Available<EngineServer>;
  /** A server that accepts connections and never says a word. */
  readonly silent: Available<SilentServer>;
  /** For {@link describeEnginePart}: the part of each database in which the suite runs. */
  readonly part?: SuitePart;
  /** Removes every database that was given a name. Called once, after the suite's last test. */
  close(): Promise<void>;
}

/** A part of a database, for a suite that runs in it. */
export interface SuitePart {
  readonly place: DatabasePart;
  /** Readies a database that was just made, before the part is made in it. */
  prepare(database: string): Promise<void>;
  /** What borrowers leave elsewhere and cannot leave in it: names of the suite's kinds of remains. */
  readonly impossible: readonly string[];
}

/** A server that hangs, and that knows who is still waiting for it. */
export interface SilentServer {
  readonly server: EngineServer;
  /** How many sockets are open to it now. */
  connections(): number;
}
