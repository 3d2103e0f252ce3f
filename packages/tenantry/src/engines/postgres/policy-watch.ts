import { assertGuarded } from './admission.js';
import type { Client } from './driver.js';

/** How long a look at a database's policies counts, in milliseconds. */
const LOOK_MS = 60_000;
/** Command tags of what may make or open a table, or hide that it does. */
const CHANGING = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|IMPORT|REASSIGN|DO|CALL)\b/;

/** When the tables of each database of a server were last changed, as far as this process has seen. */
export type TableChanges = Map<string, number>;

/**
 * Knows when the tables that one session of row keys may use must be looked at again: after a change by any
 * session of this process, and every minute for those of others. Each was looked at when it was opened, but a table
 * or partition that was made meanwhile may have no policy.
 */
export class PolicyWatch {
  readonly #client: Client;
  readonly #database: string;
  readonly #changes: TableChanges;
  #lookedAt = performance.now();

  /** Watches a session that was looked at just now. */
  constructor(client: Client, database: string, changes: TableChanges) {
    this.#client = client;
    this.#database = database;
    this.#changes = changes;
    client.connection.on('commandComplete', ({ text }: { readonly text: string }) => {
      if (CHANGING.test(text)) changes.set(database, performance.now());
    });
  }

  get isDue(): boolean {
    const changedAt = this.#changes.get(this.#database) ?? Number.NEGATIVE_INFINITY;
    return changedAt >= this.#lookedAt || performance.now() - this.#lookedAt > LOOK_MS;
  }

  /** @throws UnsafeIsolationError (`TENANTRY_UNSAFE_ISOLATION`): the connection must be closed. */
  async look(): Promise<void> {
    const at = performance.now();
    await assertGuarded(this.#client);
    this.#lookedAt = at;
  }
}
