import { join } from 'node:path';
import { findBinary } from './binaries.mjs';
import { launchServer, runTool, serverAccount, serverDirectory } from './launch.mjs';

/**
 * @typedef {object} SqlServer
 * @property {string} url over the unix socket, as the administrator
 * @property {string} tcpUrl over loopback TCP, as the administrator
 * @property {string} logFile where statements are logged once a test switches that on
 * @property {number} pid of the process, to be stopped or killed
 */

export function findMariadb() {
  const server = findBinary('mariadbd', 'mysqld');
  const install = findBinary('mariadb-install-db', 'mysql_install_db');
  return server && install ? { server, install } : undefined;
}

/**
 * A private MariaDB. `root` has no password, on the socket and on 127.0.0.1.
 * `SET GLOBAL general_log = ON` begins to log statements to `logFile`.
 *
 * @param {import('./group.mjs').ServerGroup} group
 * @param {{ settings?: readonly string[] }} [options] `settings`: further options of mariadbd
 * @returns {Promise<SqlServer>}
 */
export async function startMariadb(group, { settings = [] } = {}) {
  const binaries = findMariadb();
  if (binaries === undefined) throw new Error('MariaDB is not installed (mariadbd, mariadb-install-db).');
  // Debian makes the account mysql with mariadb-server, and not with mariadb-server-core.
  const account = await serverAccount(['mysql', 'nobody']);
  const directory = await serverDirectory(group, 'mariadb', account);
  const data = join(directory, 'data');
  const socket = join(directory, 'mariadb.sock');
  const logFile = join(directory, 'statements.log');
  // Nothing here has to survive a crash, so nothing waits for a disk.
  const common = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${directory}`,
    '--innodb-flush-method=nosync',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-log-file-size=32M',
    '--skip-innodb-doublewrite',
    '--skip-name-resolve',
  ];
  await runTool(group, {
    command: binaries.install,
    args: [...common, '--auth-root-authentication-method=normal', '--skip-test-db'],
    directory,
    account,
  });
  const { port, pid } = await launchServer(group, {
    command: binaries.server,
    args: (freePort) => [
      ...common,
      '--bind-address=127.0.0.1',
      `--port=${freePort}`,
      `--socket=${socket}`,
      `--pid-file=${join(directory, 'mariadb.pid')}`,
      '--log-output=FILE',
      `--general-log-file=${logFile}`,
      '--max-connections=1000',
      // Tests cut connections on purpose; the server must not shut its door on 127.0.0.1.
      '--max-connect-errors=1000000',
      '--innodb-buffer-pool-size=128M',
      '--character-set-server=utf8mb4',
      ...settings,
    ],
    directory,
    account,
    ready: /ready for connections/,
  });
  return {
    url: `mysql://root@localhost/?socketPath=${encodeURIComponent(socket)}`,
    tcpUrl: `mysql://root@127.0.0.1:${port}/`,
    logFile,
    pid,
  };
}
