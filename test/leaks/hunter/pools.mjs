/** @typedef {import('../../../packages/tenantry/src/index.js').Executor} Executor */
/** @typedef {import('../contracts/hunt.js').HunterConfig} HunterConfig */
/** @typedef {import('../../../packages/tenantry/src/index.js').Tenancy} Tenancy */
/** @typedef {import('../random.mjs').Random} Random */

/**
 * The driver's own pool over a tenancy, for whoever is in context. `name` is for messages.
 *
 * @typedef {object} AmbientPool
 * @property {(random: Random, name: string) => Executor} any one of its ways to run a statement
 * @property {(random: Random, name: string) => Executor} plain one that prepares nothing, which not every statement allows
 * @property {(random: Random, name: string) => Executor} call one of the plain ones that is a call of the pool itself; only where it waits
 * @property {boolean} waits whether it waits for a connection and for locks: SQLite's does not, and only leaves things behind
 * @property {(random: Random, name: string, work: (executor: Executor, client: object) => Promise<void>) => Promise<void>} lend several statements on one client
 */

/** @typedef {(sql: string, params: unknown[]) => Promise<object[]>} Way */
/** @typedef {(work: (way: Way, client: object) => Promise<void>) => Promise<void>} Lend */
/** @typedef {{ readonly calls: readonly Way[], readonly plain: readonly Way[], readonly preparing: readonly Way[], readonly lends: readonly Lend[] }} Ways */

/** What pg says of a connection that is gone, without a code. */
const LOST = /Connection terminated|connection error and is not queryable/;
/** How long a transaction may stay open on SQLite that nobody ends. */
const LEFT_OPEN_MS = 500;
const LOST_CODE = 'TENANTRY_CONNECTION_LOST';

/**
 * @param {HunterConfig} config
 * @param {Tenancy} tenancy
 * @returns {Promise<AmbientPool>}
 */
export async function openAmbientPool(config, tenancy) {
  switch (config.engine) {
    case 'mysql':
      return poolOf(config, await waysOfMysql(config, tenancy));
    case 'postgres':
      return poolOf(config, await waysOfPostgres(config, tenancy));
    case 'sqlite':
      return poolOf(config, await waysOfSqlite(config, tenancy));
  }
}

/**
 * @param {HunterConfig} config
 * @param {Tenancy} tenancy
 * @returns {Promise<Ways>}
 */
async function waysOfMysql({ dist }, tenancy) {
  /** @type {typeof import('../../../packages/tenantry/src/adapters/mysql/index.js')} */
  const { mariadbPool, mysqlPool } = await import(`${dist}adapters/mysql/index.js`);
  const pool = mysqlPool(tenancy).promise();
  const other = mariadbPool(tenancy);
  return {
    calls: [
      async (sql, params) => rowsOf(await pool.query(sql, params)),
      (sql, params) => other.query(sql, params),
    ],
    plain: [
      async (sql, params) => {
        const connection = await pool.getConnection();
        try {
          return rowsOf(await connection.query(sql, params));
        } finally {
          connection.release();
        }
      },
    ],
    lends: [
      async (work) => {
        const connection = await pool.getConnection();
        try {
          await work(async (sql, params) => rowsOf(await connection.query(sql, params)), connection);
        } finally {
          connection.release();
        }
      },
      async (work) => {
        const connection = await other.getConnection();
        try {
          await work((sql, params) => connection.query(sql, params), connection);
        } finally {
          await connection.release();
        }
      },
    ],
    preparing: [
      async (sql, params) =>
        rowsOf(await pool.execute(sql, /** @type {import('mysql2').ExecuteValues} */ (params))),
    ],
  };
}

/**
 * @param {HunterConfig} config
 * @param {Tenancy} tenancy
 * @returns {Promise<Ways>}
 */
async function waysOfPostgres({ dist }, tenancy) {
  /** @type {typeof import('../../../packages/tenantry/src/adapters/postgres/index.js')} */
  const { pgPool } = await import(`${dist}adapters/postgres/index.js`);
  const pool = pgPool(tenancy);
  return {
    calls: [async (sql, params) => (await pool.query(sql, params)).rows],
    plain: [
      async (sql, params) => {
        const client = await pool.connect();
        try {
          return (await client.query(sql, params)).rows;
        } finally {
          client.release();
        }
      },
    ],
    lends: [
      async (work) => {
        const client = await pool.connect();
        try {
          await work(async (sql, params) => (await client.query(sql, params)).rows, client);
        } finally {
          client.release();
        }
      },
    ],
    preparing: [
      // A text that is always the same keeps its name.
      async (sql, params) =>
        (await pool.query(params.length > 0 ? { name: 'hunt', text: sql, values: params } : sql)).rows,
    ],
  };
}

/**
 * @param {HunterConfig} config
 * @param {Tenancy} tenancy
 * @returns {Promise<Ways>}
 */
async function waysOfSqlite({ dist }, tenancy) {
  /** @type {typeof import('../../../packages/tenantry/src/adapters/sqlite/index.js')} */
  const { sqliteDatabase } = await import(`${dist}adapters/sqlite/index.js`);
  const database = sqliteDatabase(tenancy, { transactionMs: LEFT_OPEN_MS });
  const execute = async (/** @type {string} */ sql) => {
    await tenancy.session().ready();
    database.exec(sql);
    return [];
  };
  return { calls: [], plain: [execute], preparing: [], lends: [(work) => work(execute, database)] };
}

/**
 * Gives the driver's errors the names that a session would give them, for the judges.
 *
 * @param {HunterConfig} config
 * @param {Ways} ways
 * @returns {Promise<AmbientPool>}
 */
async function poolOf({ dist, engine: engineName }, { calls, plain, preparing, lends }) {
  /** @type {typeof import('../../../packages/tenantry/src/session/statement.js')} */
  const { statementError } = await import(`${dist}session/statement.js`);
  const engines = await import(`${dist}engines/${engineName}/index.js`);
  const engine = engines[engineName];
  const everyPlain = [...calls, ...plain];
  const every = [...everyPlain, ...preparing];
  /** @type {(way: Way, name: string) => Executor} */
  const executor = (way, name) => {
    const query = async (/** @type {string} */ sql, /** @type {readonly unknown[]} */ params = []) => {
      try {
        return await way(sql, [...params]);
      } catch (error) {
        if (LOST.test(String(error))) throw Object.assign(new Error(String(error)), { code: LOST_CODE });
        throw statementError(engine, error, name);
      }
    };
    return /** @type {Executor} */ (/** @type {unknown} */ ({ query }));
  };
  return {
    any: (random, name) => executor(random.pick(every), name),
    call: (random, name) => executor(random.pick(calls), name),
    plain: (random, name) => executor(random.pick(everyPlain), name),
    waits: engineName !== 'sqlite',
    lend: (random, name, work) => random.pick(lends)((way, client) => work(executor(way, name), client)),
  };
}

/**
 * @param {unknown} answer rows and fields
 * @returns {object[]}
 */
function rowsOf(answer) {
  return /** @type {[object[]]} */ (answer)[0];
}
