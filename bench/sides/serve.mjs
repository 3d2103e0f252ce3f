import { createServer } from 'node:http';
import { answerParent } from '../lib/child.mjs';

/**
 * The application around every side, the same for all: `GET /NAME/users` answers with that tenant's users.
 *
 * @param {(name: string) => Promise<readonly { username: string }[]>} users
 */
export async function serve(users) {
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    const name = url.slice(1, url.indexOf('/', 1));
    users(name).then(
      (rows) => send(response, 200, JSON.stringify({ [name]: rows.map((row) => row.username) })),
      (error) => send(response, 500, String(error?.stack ?? error)),
    );
  });
  server.keepAliveTimeout = 0;
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  answerParent({ port: () => port, usage });
}

/** Microseconds of CPU so far, and the memory that is held now. */
function usage() {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, rss: process.memoryUsage.rss() };
}

function send(response, status, body) {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
