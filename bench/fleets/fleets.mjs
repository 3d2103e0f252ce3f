import { startMysqlFleet } from './mysql.mjs';
import { startPostgresFleet } from './postgres.mjs';
import { startRowFleet, startSchemaFleet } from './postgres-shared.mjs';
import { startSqliteFleet } from './sqlite.mjs';

/**
 * The servers with their tenants, each started when it is first asked for.
 *
 * @typedef {object} Fleets
 * @property {(tenants: number) => Promise<Awaited<ReturnType<typeof startMysqlFleet>>>} mysql
 * @property {(tenants: number) => Promise<Awaited<ReturnType<typeof startPostgresFleet>>>} postgres
 * @property {(tenants: number) => Promise<Awaited<ReturnType<typeof startSchemaFleet>>>} schema
 * @property {(tenants: number) => Promise<Awaited<ReturnType<typeof startRowFleet>>>} row
 * @property {(tenants: number) => Promise<Awaited<ReturnType<typeof startSqliteFleet>>>} sqlite
 */

/**
 * @param {import('../../test/servers/group.mjs').ServerGroup} group
 * @param {(message: string) => void} log
 * @returns {Fleets}
 */
export function openFleets(group, log) {
  const once = (/** @type {string} */ title, /** @type {(group: any) => Promise<any>} */ start) => {
    let fleet;
    return async (/** @type {number} */ tenants) => {
      log(`${title}: making ${tenants} tenants`);
      fleet ??= await start(group);
      await fleet.ensure(tenants);
      return fleet;
    };
  };
  return {
    mysql: once('MariaDB', startMysqlFleet),
    postgres: once('PostgreSQL', startPostgresFleet),
    schema: once('PostgreSQL, schemas', startSchemaFleet),
    row: once('PostgreSQL, rows', startRowFleet),
    sqlite: once('SQLite', startSqliteFleet),
  };
}
