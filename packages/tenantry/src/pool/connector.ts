import { setMaxListeners } from 'node:events';
import type { EngineConnection } from '../engine/connection.js';
import type { EngineServer } from '../engine/engine.js';
import { outOfResources } from '../engine/lazy-package.js';
import { IdentityMismatchError, InternalError } from '../errors.js';
import { Breaker } from './breaker.js';
import { IdentityAheadError } from './certificate.js';
import type { PoolEvents } from './pool-events.js';
import { certifyFor, type PoolTarget } from './target.js';

/** What connecting needs of its pool. */
export interface ConnectorHome {
  readonly server: EngineServer;
  readonly connectMs: number;
  readonly events: PoolEvents;
  now(): number;
  /** The server does not answer: those that are idle may lead nowhere. */
  suspect(): void;
  /** Gets what was opened and failed its proof. */
  close(connection: EngineConnection): void;
}

/** Opens and proves connections to one server, and knows when it is no use to try. */
export class Connector {
  readonly #home: ConnectorHome;
  readonly #breaker: Breaker;
  readonly #abort = new AbortController();

  constructor(home: ConnectorHome) {
    this.#home = home;
    this.#breaker = new Breaker(home.now);
    // As many listeners as connections are being opened.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Whether the server counts as out of reach: only a probe is let through now and then. */
  get isOutOfReach(): boolean {
    return this.#breaker.isOpen;
  }

  /** Whether an attempt would be refused now. */
  get refuses(): boolean {
    return this.#breaker.refuses;
  }

  /** Why it is out of reach. */
  get lastError(): Error | undefined {
    return this.#breaker.lastError;
  }

  /** Whether an error of {@link open} means that no more connections are taken now: by the server, or of this target's own. */
  refusalOf(error: unknown, { place }: PoolTarget): 'server' | 'tenant' | undefined {
    const { engine } = this.#home.server;
    if (engine.classifyError(error) !== 'too-many-connections') return undefined;
    const limit = engine.limitOf?.(error);
    const isOwn = limit === 'user' ? place.credentials !== undefined : place.part === undefined;
    return limit !== undefined && isOwn ? 'tenant' : 'server';
  }

  /** Opens and proves a connection. Rejects with the driver's error, or with what the proof came to. */
  async open(target: PoolTarget): Promise<EngineConnection> {
    this.#breaker.tries();
    const { server, connectMs } = this.#home;
    const options = { ...target.place, timeoutMs: connectMs, signal: this.#abort.signal };
    let connection: EngineConnection;
    try {
      connection = await server.open(target.database, options);
    } catch (error) {
      // That says nothing of the server.
      const exhausted = outOfResources(error, 'A connection could not be opened');
      if (exhausted !== undefined) throw exhausted;
      const kind = server.engine.classifyError(error);
      if (kind === 'unreachable' && error instanceof Error) this.#failed(error);
      else this.#answered();
      throw error;
    }
    this.#answered();
    await this.prove(target, connection);
    return connection;
  }

  /** Opens and proves a connection without waiting. Throws what {@link open} rejects with. */
  openNow(target: PoolTarget): EngineConnection {
    const { server } = this.#home;
    const connection = server.openNow?.(target.database);
    if (connection === undefined)
      throw new InternalError(`Connections to ${server.engine.name} open only in time.`);
    try {
      target.certifyNow?.(connection);
      return connection;
    } catch (error) {
      connection.destroy();
      this.#tellMismatch(target, error);
      throw error;
    }
  }

  /** Proves a connection, within the time that connecting may take; one that fails is closed. */
  async prove(target: PoolTarget, connection: EngineConnection): Promise<void> {
    const { signal } = this.#abort;
    const end = () => connection.destroy();
    const deadline = setTimeout(end, this.#home.connectMs);
    signal.addEventListener('abort', end, { once: true });
    try {
      await certifyFor(target, connection);
    } catch (error) {
      this.#home.close(connection);
      this.#tellMismatch(target, error);
      throw error;
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', end);
    }
  }

  /** Gives up what is being opened or proved. */
  abort(): void {
    this.#abort.abort();
  }

  #tellMismatch(target: PoolTarget, error: unknown): void {
    // A database that is ahead of its route is looked up again first; see whoever asked.
    const isAlarming = error instanceof IdentityMismatchError && !(error instanceof IdentityAheadError);
    if (isAlarming) this.#home.events.mismatched(target, error);
  }

  #answered(): void {
    if (this.#breaker.isOpen) this.#home.events.reachable();
    this.#breaker.succeeded();
  }

  #failed(error: Error): void {
    const wasOpen = this.#breaker.isOpen;
    this.#breaker.failed(error);
    if (!wasOpen && this.#breaker.isOpen) this.#home.events.unreachable(error);
    this.#home.suspect();
  }
}
