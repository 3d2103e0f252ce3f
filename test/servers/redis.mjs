import { join } from 'node:path';
import { findBinary } from './binaries.mjs';
import { launchServer, serverAccount, serverDirectory } from './launch.mjs';

export function findRedis() {
  return findBinary('redis-server', 'valkey-server');
}

/**
 * A private Redis that keeps nothing on disk.
 *
 * @param {import('./group.mjs').ServerGroup} group
 * @returns {Promise<{ url: string, tcpUrl: string, pid: number }>}
 */
export async function startRedis(group) {
  const command = findRedis();
  if (command === undefined) throw new Error('Redis is not installed (redis-server).');
  const account = await serverAccount(['redis', 'nobody']);
  const directory = await serverDirectory(group, 'redis', account);
  const socket = join(directory, 'redis.sock');
  const { port, pid } = await launchServer(group, {
    command,
    args: (freePort) => [
      ...['--bind', '127.0.0.1', '--port', String(freePort)],
      ...['--unixsocket', socket, '--unixsocketperm', '700'],
      ...['--save', '', '--appendonly', 'no', '--dir', directory],
    ],
    directory,
    account,
    ready: /ready to accept connections/i,
  });
  return { url: `unix:${socket}`, tcpUrl: `redis://127.0.0.1:${port}`, pid };
}
