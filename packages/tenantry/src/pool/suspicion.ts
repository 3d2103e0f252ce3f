import type { PooledConnection } from './lease.js';
import type { PoolConnections } from './pool-connections.js';

/** How long an idle connection may take to answer where another of its server did not; a busy server answers late. */
const PROBE_MS = 2000;

/** What suspicion needs of its pool. */
export interface SuspicionHome {
  readonly connections: PoolConnections;
  /** A clean connection that nobody holds. */
  keep(pooled: PooledConnection): void;
}

/**
 * Where one connection was lost, or no answer came in time, those that were idle meanwhile may lead nowhere too, and
 * each would cost somebody a timeout of its own. So all of them are asked at once, before anybody gets one.
 */
export class Suspicion {
  readonly #home: SuspicionHome;

  constructor(home: SuspicionHome) {
    this.#home = home;
  }

  /** Asks all that are idle; those that do not answer soon are closed. */
  raise(): void {
    for (const pooled of [...this.#home.connections.idle]) void this.#ask(pooled);
  }

  async #ask(pooled: PooledConnection): Promise<void> {
    const { connections, keep } = this.#home;
    const { connection } = pooled;
    if (!connections.idle.remove(pooled)) return;
    connections.resetting.add(connection);
    const deadline = setTimeout(() => connection.destroy(), PROBE_MS);
    const answers = await connection.ping().then(
      () => connection.isClean(),
      () => false,
    );
    clearTimeout(deadline);
    connections.resetting.delete(connection);
    if (answers) keep(pooled);
    else connections.close(pooled, 'lost');
  }
}
