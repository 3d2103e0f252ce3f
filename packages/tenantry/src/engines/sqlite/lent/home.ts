import type { LentHandle } from './lent-handle.js';

/** Where the statements of a {@link Database} run. */
export interface DatabaseHome {
  /** Runs work on a handle. `sql` is what the work is going to run. */
  use<T>(sql: string, work: (handle: LentHandle) => T): T;
  /** A handle that stays as it is until it is released. */
  hold(sql: string): HeldHandle;
  /** Whether the statement that comes next would run in a transaction. Runs nothing. */
  readonly inTransaction: boolean;
  /** The tenant's name, or what stands for it. */
  readonly name: string;
  readonly open: boolean;
  close(): void;
}

/** A handle in use. */
export interface HeldHandle {
  readonly handle: LentHandle;
  release(): void;
}
