import type { EngineConnection } from './connection.js';

/** A connection in somebody's hands. Exactly one of the two methods ends it; later calls do nothing. */
export interface ConnectionLease {
  readonly connection: EngineConnection;
  /** Gives the connection back. It is kept only if it is provably clean, else destroyed. */
  release(): void;
  /** Gives it back to be destroyed at once. */
  destroy(): void;
}

/** How long to wait for a connection. */
export interface AcquireOptions {
  /** Milliseconds; the default is the source's own. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where connections to one database come from. */
export interface ConnectionSource {
  acquire(options?: AcquireOptions): Promise<ConnectionLease>;
}
