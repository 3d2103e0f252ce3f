import type { Connection, ConnectionOptions } from 'mysql2';
import { LazyPackage } from '../../engine/lazy-package.js';
import { DriverMissingError, OutOfResourcesError } from '../../errors.js';

/** The module `mysql2`. */
export type Driver = typeof import('mysql2');

const mysql2 = new LazyPackage<Driver>('mysql2', async () => (await import('mysql2')).default);

/**
 * Loads mysql2, an optional peer: who has no MySQL server needs no MySQL driver.
 *
 * @throws DriverMissingError (`TENANTRY_DRIVER_MISSING`), OutOfResourcesError (`TENANTRY_OUT_OF_RESOURCES`)
 */
export async function loadDriver(load: () => Promise<Driver> = () => mysql2.load()): Promise<Driver> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof OutOfResourcesError) throw cause;
    throw new DriverMissingError('MySQL and MariaDB need the package mysql2, which could not be loaded.', {
      hint: 'Install it: npm install mysql2',
      cause,
    });
  }
}

/** What a connection of a pool calls, which our pools have no use for. */
const NO_POOL = Object.freeze({ _closed: false, _removeConnection() {}, releaseConnection() {} });

/**
 * Begins to connect. The client is one of a pool: borrowers get the kind that they know, and it tells of
 * every loss by an event, also where a callback was told.
 */
export function createClient(driver: Driver, options: ConnectionOptions): Connection {
  const { PoolConnection, ConnectionConfig } = driver as unknown as Internals;
  return new PoolConnection(NO_POOL, { config: new ConnectionConfig({ ...options, gracefulEnd: true }) });
}

const CREDENTIALS = [
  'password',
  'password1',
  'password2',
  'password3',
  'passwordSha1',
  'authPlugins',
] as const;

/** Has a client that is connected know no password any more: it would show it, as would its commands, to whoever prints them. */
export function forgetCredentials(client: Connection): void {
  Object.assign(client.config, Object.fromEntries(CREDENTIALS.map((name) => [name, undefined])));
}

/** What mysql2 exports beyond its types. */
interface Internals {
  readonly PoolConnection: new (pool: object, options: { readonly config: object }) => Connection;
  readonly ConnectionConfig: new (options: ConnectionOptions) => object;
}
