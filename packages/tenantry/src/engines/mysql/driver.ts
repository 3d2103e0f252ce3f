import { DriverMissingError } from '../../errors.js';

/** The module `mysql2`. */
export type Driver = typeof import('mysql2');

/**
 * Loads mysql2, an optional peer: who has no MySQL server needs no MySQL driver.
 *
 * @throws DriverMissingError (`TENANTRY_DRIVER_MISSING`)
 */
export async function loadDriver(
  importDriver: () => Promise<{ default: Driver }> = () => import('mysql2'),
): Promise<Driver> {
  try {
    return (await importDriver()).default;
  } catch (cause) {
    throw new DriverMissingError('MySQL and MariaDB need the package mysql2, which could not be loaded.', {
      hint: 'Install it: npm install mysql2',
      cause,
    });
  }
}
