import { findPostgres } from './binaries.mjs';
import {
  startMariadbContainer,
  startPostgresContainer,
  startRedisContainer,
  whyNotDocker,
} from './docker.mjs';
import { installPackages, whyNotInstall } from './install.mjs';
import { findMariadb, startMariadb } from './mariadb.mjs';
import { startPostgres } from './postgres.mjs';
import { findRedis, startRedis } from './redis.mjs';

/** @typedef {'mysql' | 'postgres' | 'redis'} ServerName */
/** @typedef {{ url: string, tcpUrl: string, logFile?: string }} StartedServer */

/**
 * How each server is found, installed and started.
 *
 * @type {Readonly<Record<ServerName, {
 *   title: string,
 *   packages: readonly string[],
 *   find: () => unknown,
 *   start: (group: import('./group.mjs').ServerGroup) => Promise<StartedServer>,
 *   startContainer: () => Promise<StartedServer>,
 * }>>}
 */
const SERVERS = {
  mysql: {
    title: 'MariaDB',
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    find: findMariadb,
    start: startMariadb,
    startContainer: startMariadbContainer,
  },
  postgres: {
    title: 'PostgreSQL',
    packages: ['postgresql'],
    find: findPostgres,
    start: startPostgres,
    startContainer: startPostgresContainer,
  },
  redis: {
    title: 'Redis',
    packages: ['redis-server'],
    find: findRedis,
    start: startRedis,
    startContainer: startRedisContainer,
  },
};

/**
 * Starts private servers: from the installed binaries, else after installing them with apt, else in
 * containers. Never leaves one out: what cannot be started is an error that says what to install.
 *
 * @param {import('./group.mjs').ServerGroup} group
 * @param {readonly ServerName[]} names
 * @returns {Promise<Partial<Record<ServerName, StartedServer>>>}
 */
export async function startServers(group, names) {
  const notInstalled = await installMissing(names.filter((name) => !SERVERS[name].find()));
  const missing = names.filter((name) => !SERVERS[name].find());
  const notInContainers = missing.length > 0 ? await whyNotDocker() : undefined;
  if (notInContainers !== undefined) throw new Error(explain(missing, [notInstalled, notInContainers]));
  const started = await Promise.all(
    names.map(async (name) => {
      const server = SERVERS[name];
      return [name, await (missing.includes(name) ? server.startContainer() : server.start(group))];
    }),
  );
  return Object.fromEntries(started);
}

/**
 * Installs what is missing, for whoever starts servers in ways of its own; what cannot be installed is an error that
 * says what to install. SQLite needs none.
 *
 * @param {readonly (ServerName | 'sqlite')[]} names
 */
export async function ensureInstalled(names) {
  const isMissing = (/** @type {ServerName} */ name) => !SERVERS[name].find();
  const servers = names.filter((name) => name !== 'sqlite');
  const reason = await installMissing(servers.filter(isMissing));
  const missing = servers.filter(isMissing);
  if (missing.length > 0) throw new Error(explain(missing, [reason]));
}

/**
 * @param {readonly ServerName[]} missing
 * @returns {Promise<string | undefined>} why they were not installed
 */
async function installMissing(missing) {
  if (missing.length === 0) return undefined;
  const why = whyNotInstall();
  if (why !== undefined) return why;
  try {
    await installPackages(missing.flatMap((name) => SERVERS[name].packages));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param {readonly ServerName[]} missing
 * @param {readonly (string | undefined)[]} reasons
 */
function explain(missing, reasons) {
  const titles = missing.map((name) => SERVERS[name].title).join(' and ');
  const packages = missing.flatMap((name) => SERVERS[name].packages).join(' ');
  return [
    `${titles} cannot be started here: ${reasons.filter((reason) => reason !== undefined).join('; ')}.`,
    `Install it, on Debian or Ubuntu with: apt-get install --no-install-recommends ${packages}`,
  ].join('\n');
}
