import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from '../../src/testing/tcp-proxy.js';

/** Answers every line with the same line in capitals, and remembers what it heard. */
class EchoServer {
  heard = '';
  readonly sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (bytes) => {
      this.heard += bytes;
      socket.write(String(bytes).toUpperCase());
    });
  });

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

class Client {
  received = '';
  ended: 'no' | 'end' | 'reset' = 'no';

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => {
      this.received += bytes;
    });
    socket.on('end', () => {
      this.ended = 'end';
    });
    socket.on('error', () => {
      this.ended = 'reset';
    });
  }

  async says(text: string): Promise<void> {
    this.socket.write(text);
    await expect.poll(() => this.received).toContain(text.toUpperCase());
  }
}

describe('a proxy between a client and a server', () => {
  let server: EchoServer;
  let proxy: TcpProxy;
  const clients: Client[] = [];

  beforeEach(async () => {
    server = new EchoServer();
    proxy = await TcpProxy.open({ host: '127.0.0.1', port: await server.listen() });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await proxy.close();
    server.close();
  });

  async function open(): Promise<Client> {
    const client = new Client(connect(proxy.port, proxy.host));
    clients.push(client);
    await once(client.socket, 'connect');
    return client;
  }

  it('carries bytes in both directions, late where it should', async () => {
    const client = await open();
    await client.says('hello');
    proxy.latencyMs = 5;
    await client.says('again');
    expect(client.received).toBe('HELLOAGAIN');
  });

  it('passes a goodbye on', async () => {
    const client = await open();
    await client.says('hello');
    client.socket.end();
    await expect.poll(() => proxy.connections).toBe(0);
    expect(client.ended).toBe('end');
  });

  it('cuts between request and reply: the server hears, the client does not', async () => {
    const client = await open();
    await client.says('hello');
    proxy.cutBeforeReply();
    client.socket.write('commit');
    await expect.poll(() => client.ended).toBe('reset');
    expect(server.heard).toBe('hellocommit');
    expect(client.received).toBe('HELLO');
  });

  it('cuts after so many bytes to the client', async () => {
    const client = await open();
    await client.says('hello');
    proxy.cutAfter('toClient', 3);
    client.socket.write('abcdef');
    await expect.poll(() => client.socket.destroyed).toBe(true);
    expect('HELLOABC'.startsWith(client.received)).toBe(true);
    expect(server.heard).toBe('helloabcdef');
  });

  it('cuts after so many bytes to the server', async () => {
    const client = await open();
    await client.says('hello');
    proxy.cutAfter('toServer', 2);
    client.socket.write('abcdef');
    await expect.poll(() => client.socket.destroyed).toBe(true);
    await expect.poll(() => server.sockets.size).toBe(0);
    expect(server.heard).toBe('helloab');
  });

  it('holds a reply until it is released, in order', async () => {
    const client = await open();
    await client.says('hello');
    proxy.hold('toClient');
    client.socket.write('a');
    await expect.poll(() => server.heard).toBe('helloa');
    client.socket.write('b');
    await expect.poll(() => server.heard).toBe('helloab');
    expect(client.received).toBe('HELLO');
    proxy.release();
    await expect.poll(() => client.received).toBe('HELLOAB');
  });

  it('swallows everything without closing anything', async () => {
    const client = await open();
    await client.says('hello');
    proxy.blackHole();
    client.socket.write('lost');
    const late = await open();
    late.socket.write('lost too');
    late.socket.end();
    await expect.poll(() => proxy.connections).toBe(1);
    expect(server.sockets.size).toBe(2);
    proxy.restore();
    const sound = await open();
    await sound.says('found');
    expect(server.heard).toBe('hellofound');
    expect([client.ended, late.ended]).toEqual(['no', 'no']);
  });

  it('refuses new connections, and only those', async () => {
    const client = await open();
    await client.says('hello');
    proxy.refuse();
    const refused = new Client(connect(proxy.port, proxy.host));
    clients.push(refused);
    await expect.poll(() => refused.socket.destroyed).toBe(true);
    await client.says('still here');
    proxy.restore();
    await (await open()).says('back');
  });

  it('resets everybody when it is cut', async () => {
    const client = await open();
    await client.says('hello');
    proxy.cut();
    await expect.poll(() => client.ended).toBe('reset');
    await expect.poll(() => server.sockets.size).toBe(0);
    expect(proxy.connections).toBe(0);
  });
});
