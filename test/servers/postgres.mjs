import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPostgres } from './binaries.mjs';
import { launchServer, runTool, serverAccount, serverDirectory } from './launch.mjs';

// The administrator needs no password; everybody else does, so that tests can be refused.
const HOST_BASED_AUTHENTICATION = `
local all postgres              trust
local all all                   scram-sha-256
host  all postgres 127.0.0.1/32 trust
host  all all      127.0.0.1/32 scram-sha-256
`;

/**
 * A private PostgreSQL. `postgres` has no password, on the socket and on 127.0.0.1.
 * `ALTER DATABASE ... SET log_statement = 'all'` begins to log that database's statements to `logFile`.
 *
 * @param {import('./group.mjs').ServerGroup} group
 * @param {{ settings?: Readonly<Record<string, string | number>> }} [options] `settings`: as in postgresql.conf
 * @returns {Promise<import('./mariadb.mjs').SqlServer>}
 */
export async function startPostgres(group, { settings = {} } = {}) {
  const binaries = findPostgres();
  if (binaries === undefined) throw new Error('PostgreSQL is not installed (initdb, postgres).');
  const account = await serverAccount(['postgres', 'nobody']);
  const directory = await serverDirectory(group, 'postgres', account);
  const data = join(directory, 'data');
  await runTool(group, {
    command: binaries.initdb,
    args: ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    directory,
    account,
  });
  await writeFile(join(data, 'pg_hba.conf'), HOST_BASED_AUTHENTICATION);
  const { port, pid, logFile } = await launchServer(group, {
    command: binaries.postgres,
    args: (freePort) => [
      ...['-D', data],
      ...toArguments({
        port: freePort,
        listen_addresses: '127.0.0.1',
        unix_socket_directories: directory,
        max_connections: 500,
        max_prepared_transactions: 50,
        // Nothing here has to survive a crash, so nothing waits for a disk.
        fsync: 'off',
        synchronous_commit: 'off',
        full_page_writes: 'off',
        wal_level: 'minimal',
        max_wal_senders: 0,
        log_line_prefix: '%m [%p] %d ',
        ...settings,
      }),
    ],
    directory,
    account,
    ready: /database system is ready to accept connections/,
    // An immediate shutdown takes the backends and the shared memory with it.
    signal: 'SIGQUIT',
    // The postmaster gives a stopped backend five seconds before it kills it.
    graceMs: 8000,
  });
  return {
    url: `postgres://postgres@localhost:${port}/?socketPath=${encodeURIComponent(directory)}`,
    tcpUrl: `postgres://postgres@127.0.0.1:${port}/`,
    logFile,
    pid,
  };
}

/** @param {Readonly<Record<string, string | number>>} settings */
function toArguments(settings) {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
