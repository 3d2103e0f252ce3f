import type { Socket } from 'node:net';
import { Lane } from './proxy-lane.js';

/** Which way bytes go through a proxy. */
export type Direction = 'toServer' | 'toClient';

/** One client's connection through a proxy: two sockets, and a lane in each direction between them. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #lanes: Readonly<Record<Direction, Lane>>;
  #cut = false;

  constructor(client: Socket, server: Socket, latencyMs: () => number) {
    this.#client = client;
    this.#server = server;
    this.#lanes = { toServer: new Lane(server, latencyMs), toClient: new Lane(client, latencyMs) };
    client.on('data', (bytes) => this.#lanes.toServer.push(bytes));
    server.on('data', (bytes) => this.#lanes.toClient.push(bytes));
    client.once('end', () => this.#lanes.toServer.end());
    server.once('end', () => this.#lanes.toClient.end());
    for (const socket of [client, server]) {
      // What broke one side breaks the other; there is nobody to tell but the two of them.
      socket.once('error', () => this.cut());
      socket.once('close', () => this.#closed(socket));
    }
  }

  /** Whether the client has not said goodbye yet. */
  get isOpen(): boolean {
    return !this.#client.destroyed && !this.#client.readableEnded;
  }

  onClosed(listener: () => void): void {
    let open = 2;
    for (const socket of [this.#client, this.#server]) {
      socket.once('close', () => {
        if (--open === 0) listener();
      });
    }
  }

  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    for (const lane of Object.values(this.#lanes)) lane.stop();
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  cutAfter(direction: Direction, bytes: number): void {
    this.#lanes[direction].limit(bytes, () => this.cut());
  }

  cutBeforeReply(): void {
    // What is still on its way to the client answers an earlier request.
    this.#lanes.toServer.onNext(() => this.#lanes.toClient.onArrival(() => this.cut()));
  }

  blackHole(): void {
    for (const lane of Object.values(this.#lanes)) lane.swallow();
  }

  hold(direction: Direction): void {
    this.#lanes[direction].hold();
  }

  release(): void {
    for (const lane of Object.values(this.#lanes)) lane.release();
  }

  /** A side that is gone for good takes the other with it, once that has got what was under way. */
  #closed(socket: Socket): void {
    this.#lanes[socket === this.#client ? 'toServer' : 'toClient'].end();
  }
}
