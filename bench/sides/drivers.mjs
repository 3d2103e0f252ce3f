// The plain drivers, as an application without a tenant layer uses them.

import mysql from 'mysql2';
import pg from 'pg';

/**
 * Where a database server is.
 *
 * @typedef {{ engine: 'mysql' | 'postgres', host: string, port: number, user: string, password: string }} Address
 *
 * A pool of a driver's own.
 *
 * @typedef {object} Pool
 * @property {(sql: string) => Promise<any[]>} query
 * @property {() => Promise<void>} end
 */

/**
 * @param {Address} address
 * @param {string | undefined} database
 * @param {number} max connections
 * @returns {Pool}
 */
export function openPool(address, database, max) {
  return address.engine === 'mysql'
    ? mysqlPool(address, database, max)
    : postgresPool(address, database, max);
}

/** @returns {Pool} */
function mysqlPool({ engine: _, ...address }, database, max) {
  const pool = mysql.createPool({ ...address, database, connectionLimit: max });
  return {
    query: (sql) =>
      new Promise((resolve, reject) => {
        pool.query(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
      }),
    end: () => pool.promise().end(),
  };
}

/** @returns {Pool} */
function postgresPool({ engine: _, ...address }, database, max) {
  // Idle connections stay, as they do with mysql2's defaults.
  const pool = new pg.Pool({ ...address, database, max, idleTimeoutMillis: 0 });
  pool.on('error', () => {});
  return { query: async (sql) => (await pool.query(sql)).rows, end: () => pool.end() };
}
