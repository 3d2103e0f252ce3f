// The last way to a server: a container, where a Docker engine answers. This way has not been run: no machine
// that this was written on had a Docker engine. testcontainers 11 is the version that accepts Node 20; it is
// not a dependency, because nobody else needs it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PASSWORD = 'tenantry';

/**
 * The part of testcontainers that is used here.
 *
 * @typedef {object} StartedContainer
 * @property {() => string} getHost
 * @property {(port: number) => number} getMappedPort
 * @property {() => Promise<unknown>} stop
 *
 * @typedef {object} Container
 * @property {(environment: Record<string, string>) => Container} withEnvironment
 * @property {(...ports: number[]) => Container} withExposedPorts
 * @property {(strategy: unknown) => Container} withWaitStrategy
 * @property {() => Promise<StartedContainer>} start
 *
 * @typedef {object} Testcontainers
 * @property {new (image: string) => Container} GenericContainer
 * @property {{ forListeningPorts: () => unknown }} Wait
 */

/** Why containers cannot be used, or undefined if they can. */
export async function whyNotDocker() {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 5000 });
  } catch {
    return 'no Docker engine answers';
  }
  try {
    await loadTestcontainers();
    return undefined;
  } catch {
    return 'testcontainers is not installed (npm install --no-save testcontainers@11)';
  }
}

/** @returns {Promise<import('./start.mjs').StartedServer>} */
export async function startMariadbContainer() {
  const place = await startContainer('mariadb:10.11', 3306, { MARIADB_ROOT_PASSWORD: PASSWORD });
  const url = `mysql://root:${PASSWORD}@${place}/`;
  return { url, tcpUrl: url };
}

/** @returns {Promise<import('./start.mjs').StartedServer>} */
export async function startPostgresContainer() {
  const place = await startContainer('postgres:15', 5432, { POSTGRES_PASSWORD: PASSWORD });
  const url = `postgres://postgres:${PASSWORD}@${place}/`;
  return { url, tcpUrl: url };
}

/** @returns {Promise<import('./start.mjs').StartedServer>} */
export async function startRedisContainer() {
  const url = `redis://${await startContainer('redis:7', 6379, {})}`;
  return { url, tcpUrl: url };
}

/**
 * Testcontainers' own reaper (Ryuk) removes the container when this process has ended.
 *
 * @param {string} image
 * @param {number} port
 * @param {Record<string, string>} environment
 */
async function startContainer(image, port, environment) {
  const { GenericContainer, Wait } = await loadTestcontainers();
  const container = await new GenericContainer(image)
    .withEnvironment(environment)
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  return `${container.getHost()}:${container.getMappedPort(port)}`;
}

/** @returns {Promise<Testcontainers>} */
async function loadTestcontainers() {
  // Its name is no literal, because it need not be there when this file is type-checked.
  const name = 'testcontainers';
  return import(name);
}
