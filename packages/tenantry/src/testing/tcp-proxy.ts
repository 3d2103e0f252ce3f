import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { type Direction, ProxiedConnection } from './proxied-connection.js';

/** Where a proxy connects to: a TCP address or a unix socket. */
export type ProxyTarget = { readonly host?: string; readonly port: number } | { readonly path: string };

/**
 * A TCP proxy that lies, to put between a database driver and its server in tests. It forwards bytes
 * until it is told to fail in one of the ways in which networks fail.
 *
 * @example
 * ```ts
 * await using proxy = await TcpProxy.open({ port: 5432 });
 * const client = await connect({ host: proxy.host, port: proxy.port });
 * proxy.cutBeforeReply();
 * await client.query('COMMIT'); // rejects, and the server has committed
 * ```
 */
export class TcpProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** Milliseconds that everything takes in each direction. Default 0. */
  latencyMs = 0;

  readonly #server: Server;
  readonly #target: ProxyTarget;
  readonly #connections = new Set<ProxiedConnection>();
  #refusing = false;
  #blackHole = false;
  readonly #held = new Set<Direction>();

  /** Listens on a free loopback port. */
  static async open(target: ProxyTarget): Promise<TcpProxy> {
    // Half-open, so that one side's goodbye does not swallow what the other still has to say.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return new TcpProxy(server, target);
  }

  private constructor(server: Server, target: ProxyTarget) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#accept(client));
  }

  /** How many clients are connected to the proxy; one that has said goodbye is not, whoever heard it. */
  get connections(): number {
    return [...this.#connections].filter((connection) => connection.isOpen).length;
  }

  /** Cuts every open connection, as a reset. */
  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  /** Cuts each open connection once it has carried this many bytes more in one direction. */
  cutAfter(direction: Direction, bytes: number): void {
    for (const connection of this.#connections) connection.cutAfter(direction, bytes);
  }

  /**
   * Cuts each open connection between the next request and its reply: the server gets the whole
   * request and answers it, and the client never sees a byte of the answer.
   */
  cutBeforeReply(): void {
    for (const connection of this.#connections) connection.cutBeforeReply();
  }

  /** From now on nothing arrives and nothing is said about it, for open and for new connections. */
  blackHole(): void {
    this.#blackHole = true;
    for (const connection of this.#connections) connection.blackHole();
  }

  /** Keeps what is sent in a direction, for open and for new connections, until {@link release}. */
  hold(direction: Direction): void {
    this.#held.add(direction);
    for (const connection of this.#connections) connection.hold(direction);
  }

  /** Lets everything go on that was held, in order. */
  release(): void {
    this.#held.clear();
    for (const connection of this.#connections) connection.release();
  }

  /** Resets new connections, as if nobody listened; open ones go on. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Forgets every fault for connections to come. Open ones keep what was done to them, but what is held goes on. */
  restore(): void {
    this.#refusing = false;
    this.#blackHole = false;
    this.release();
  }

  /** Cuts every connection and stops listening. Idempotent. */
  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = createConnection({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(client, server, () => this.latencyMs);
    this.#connections.add(connection);
    connection.onClosed(() => this.#connections.delete(connection));
    if (this.#blackHole) connection.blackHole();
    for (const direction of this.#held) connection.hold(direction);
  }
}
