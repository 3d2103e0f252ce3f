/**
 * What the bench asks of an ORM's instance: the users of whatever database it is on.
 *
 * @typedef {object} Instance
 * @property {() => PromiseLike<readonly { username: string }[]>} users
 * @property {() => Promise<void>} [prepare] starts what it needs before its first query, without a connection
 *
 * One instance over a driver's pool: mysql2's, or pg's.
 *
 * @typedef {(engine: 'mysql' | 'postgres', pool: object) => Instance} Open
 *
 * One instance for every tenant, where that takes more than a pool; PostgreSQL only.
 *
 * @typedef {(tenancy: import('../../packages/tenantry/dist/index.js').Tenancy) => Promise<Instance>} OpenAmbient
 */

export {};
