import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findBinary } from './binaries.mjs';
import { installPackages, whyNotInstall } from './install.mjs';
import { launchServer, serverAccount, serverDirectory } from './launch.mjs';

/**
 * A private PgBouncer in front of a PostgreSQL server, for one user. It lends every client a session of the
 * server, for as long as the client stays (`session`) or for each transaction (`transaction`).
 *
 * @param {import('./group.mjs').ServerGroup} group
 * @param {object} options
 * @param {string} options.serverUrl of the server, over TCP; who passes through is authenticated by it
 * @param {'session' | 'transaction'} options.poolMode
 * @param {number} [options.poolSize] sessions of the server for each database and user
 * @returns {Promise<{ url: string, pid: number }>} `url`: the same user and database, through the pooler
 */
export async function startPgbouncer(group, { serverUrl, poolMode, poolSize = 10 }) {
  const binary = await pgbouncer();
  const account = await serverAccount(['postgres', 'nobody']);
  const directory = await serverDirectory(group, 'pgbouncer', account);
  const { hostname, port: serverPort, username, password } = new URL(serverUrl);
  const users = join(directory, 'users.txt');
  const settings = join(directory, 'pgbouncer.ini');
  await writeFile(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  const { port, pid } = await launchServer(group, {
    command: binary,
    args: (freePort) => {
      // It takes its port from nowhere else.
      writeFileSync(
        settings,
        `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${freePort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${poolMode}
default_pool_size = ${poolSize}
`,
      );
      return [settings];
    },
    directory,
    account,
    ready: /process up/,
  });
  const url = new URL(serverUrl);
  url.port = String(port);
  return { url: url.href, pid };
}

async function pgbouncer() {
  const installed = findBinary('pgbouncer');
  if (installed !== undefined) return installed;
  const why = whyNotInstall();
  if (why === undefined) await installPackages(['pgbouncer']);
  const binary = findBinary('pgbouncer');
  if (binary === undefined)
    throw new Error(`PgBouncer is not installed${why === undefined ? '' : `, and ${why}`}.`);
  return binary;
}
