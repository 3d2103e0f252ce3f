import type { Activity } from '../../../engine/connection.js';
import type { LendOptions, LentClient } from '../../../engine/lent-client.js';
import { InternalError } from '../../../errors.js';
import type { DriverHandle } from '../driver-handle.js';
import { Database } from './database.js';
import type { DatabaseHome, HeldHandle } from './home.js';
import { LentHandle, type LentHandleHome } from './lent-handle.js';

/** A handle whose client is lent. */
export interface Lendable extends LentHandleHome {
  readonly handle: DriverHandle;
  readonly path: string;
}

/** A handle in somebody's hands; what goes on on it, where that can be seen. */
export interface Loan extends LentClient {
  readonly activity?: Activity;
}

const lentHandles = new WeakMap<object, LentHandle>();

/** Lends a handle as better-sqlite3's `Database`, whatever the driver; with `raw` the driver's own object. */
export function lend(lendable: Lendable, { raw = false }: LendOptions = {}): Loan {
  if (raw) {
    lendable.leftState();
    return { client: lendable.handle, revoke: () => {} };
  }
  const handle = new LentHandle(lendable.handle, lendable);
  const client = new Database(new LentHome(handle, lendable.path));
  lentHandles.set(client, handle);
  return { client, activity: handle, revoke: (reason) => handle.revoke(reason) };
}

/** The handle behind a client that was lent. */
export function lentHandleOf(client: object): LentHandle {
  const handle = lentHandleIn(client);
  if (handle !== undefined) return handle;
  throw new InternalError('This client is no database of SQLite that was lent.', {
    hint: 'Please report it.',
  });
}

/** The same of one that may be something else, as a probe is. */
export function lentHandleIn(client: object): LentHandle | undefined {
  return lentHandles.get(client);
}

/** One handle for everything. */
class LentHome implements DatabaseHome {
  readonly #handle: LentHandle;
  readonly #path: string;

  constructor(handle: LentHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** Nothing once it was given back. */
  get name(): string {
    return this.#handle.isLent ? this.#path : '';
  }

  get open(): boolean {
    return this.#handle.isLent;
  }

  get inTransaction(): boolean {
    return this.#handle.inTransaction;
  }

  use<T>(_sql: string, work: (handle: LentHandle) => T): T {
    return work(this.#handle);
  }

  hold(): HeldHandle {
    return { handle: this.#handle, release: () => {} };
  }

  close(): void {
    this.#handle.revoke();
  }
}
