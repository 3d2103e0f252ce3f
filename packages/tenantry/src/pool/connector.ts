import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { EngineConnection } from '../engine/connection.js';
import type { EngineServer } from '../engine/engine.js';
import { Breaker } from './breaker.js';
import { certifyFor, type PoolTarget } from './target.js';

/** Opens and proves connections to one server, and knows when it is no use to try. */
export class Connector {
  readonly #server: EngineServer;
  readonly #connectMs: number;
  readonly #close: (connection: EngineConnection) => void;
  readonly #breaker = new Breaker(() => performance.now());
  readonly #abort = new AbortController();

  /** `close` gets what was opened and failed its proof. */
  constructor(server: EngineServer, connectMs: number, close: (connection: EngineConnection) => void) {
    this.#server = server;
    this.#connectMs = connectMs;
    this.#close = close;
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

  /** Opens and proves a connection. Rejects with the driver's error, or with what the proof came to. */
  async open(target: PoolTarget): Promise<EngineConnection> {
    this.#breaker.tries();
    const options = { ...target.place, timeoutMs: this.#connectMs, signal: this.#abort.signal };
    let connection: EngineConnection;
    try {
      connection = await this.#server.open(target.database, options);
    } catch (error) {
      const kind = this.#server.engine.classifyError(error);
      if (kind === 'unreachable' && error instanceof Error) this.#breaker.failed(error);
      else this.#breaker.succeeded();
      throw error;
    }
    this.#breaker.succeeded();
    await this.prove(target, connection);
    return connection;
  }

  /** Proves a connection, within the time that connecting may take; one that fails is closed. */
  async prove(target: PoolTarget, connection: EngineConnection): Promise<void> {
    const { signal } = this.#abort;
    const end = () => connection.destroy();
    const deadline = setTimeout(end, this.#connectMs);
    signal.addEventListener('abort', end, { once: true });
    try {
      await certifyFor(target, connection);
    } catch (error) {
      this.#close(connection);
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
}
