import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';

/** The server that every engine's tests share, as test/run.mjs started it. */
export interface SharedServer {
  /** Over the unix socket, as the administrator. */
  readonly url: string;
  /** Over loopback TCP, as the administrator; for tests that put a proxy in between. */
  readonly tcpUrl: string;
  /** Where the server writes the statements that a test asks it to log; undefined in a container. */
  readonly logFile: string | undefined;
}

/** The engines that this run tests. */
export function selectedEngines(): ReadonlySet<string> {
  return new Set(required('TENANTRY_TEST_ENGINES').split(','));
}

/** The shared MariaDB or PostgreSQL. */
export function sharedServer(engine: Exclude<EngineName, 'sqlite'>): SharedServer {
  const variable = engine === 'mysql' ? 'TENANTRY_TEST_MYSQL' : 'TENANTRY_TEST_POSTGRES';
  return {
    url: required(variable),
    tcpUrl: required(`${variable}_TCP`),
    logFile: process.env[`${variable}_LOG`],
  };
}

/** A directory that is removed when the run ends. */
export function runDirectory(): string {
  return required('TENANTRY_TEST_DIR');
}

function required(variable: string): string {
  const value = process.env[variable];
  if (value !== undefined) return value;
  throw new Error(
    `${variable} is not set: these tests need servers. Run them with: npm test -- ${currentFile()}`,
  );
}

function currentFile(): string {
  return process.argv.find((argument) => argument.endsWith('.test.ts')) ?? 'FILTER';
}
