import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderWith, runBin } from './support.js';

/** A server that takes connections and never says a word. */
async function silentServer() {
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy());
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, url: `mysql://nobody@127.0.0.1:${port}/General` };
}

describe('a command that waits for a server', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 at %s', async (signal) => {
    const { server, url } = await silentServer();
    const { code, stdout, stderr } = await runBin(['tenants', 'list', '--catalog', url, '--json'], {
      cwd: await folderWith(),
      onStart: (child) => server.once('connection', () => child.kill(signal)),
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'TENANTRY_ABORTED' } });
  });
});
