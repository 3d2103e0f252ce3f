import type { OpenOptions } from '../../engine/engine.js';
import type { PlacementConflict } from '../../engine/placement-conflict.js';
import type { IdentityChange, Provisioning, StepOptions } from '../../engine/provisioning.js';
import { InvalidInputError } from '../../errors.js';
import type { Identity } from '../../tenant/tenant.js';
import type { MysqlConnection } from './connection.js';
import { serverErrorNumber } from './errors.js';
import { assertIdentifier, quoteIdentifier } from './identifiers.js';
import { changeIdentity, conflictIn, mayIdentify } from './identity.js';
import { splitScript } from './script.js';

const CONNECT_MS = 10_000;
const CANCEL_MS = 5_000;
/** How long a DROP waits for transactions that use the database from elsewhere. */
const LOCK_WAIT_SECONDS = 30;

const SYSTEM_DATABASES: ReadonlySet<string> = new Set([
  'mysql',
  'sys',
  'information_schema',
  'performance_schema',
  'ndbinfo',
]);

/** Errors of a KILL that leave nothing to do: the session is gone, or it is not ours to end. */
const UNKNOWN_SESSION = 1094;
const KILL_DENIED = new Set([1095, 1227]);

/** Opens a connection to a database, or to none. */
export type Connect = (database: string | undefined, options: OpenOptions) => Promise<MysqlConnection>;

/** Makes and describes databases on a MySQL or MariaDB server. */
export class MysqlProvisioning implements Provisioning {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  createDatabase(name: string, options?: StepOptions): Promise<void> {
    const sql = `CREATE DATABASE ${quoteIdentifier(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`;
    return this.#on(undefined, options, async (connection) => {
      await connection.query(sql);
    });
  }

  dropDatabase(name: string, options?: StepOptions): Promise<void> {
    const sql = `DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`;
    return this.#on(undefined, options, async (connection) => {
      await connection.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
      await endSessionsIn(connection, name);
      await connection.query(sql);
    });
  }

  databaseExists(name: string, options?: StepOptions): Promise<boolean> {
    return this.#on(undefined, options, async (connection) => {
      const same = await nameComparison(connection);
      const { rows } = await connection.query(
        'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
        [name],
      );
      return rows.some((row) => same(String(row.name), name));
    });
  }

  isEmpty(name: string, options?: StepOptions): Promise<boolean> {
    const sql = `SHOW TABLES FROM ${quoteIdentifier(name)}`;
    return this.#on(undefined, options, async (connection) => {
      const { rows } = await connection.query(sql);
      return rows.every((row) => String(Object.values(row)[0]) === 'tenantry_identity');
    });
  }

  listDatabases(options?: StepOptions): Promise<readonly string[]> {
    return this.#on(undefined, options, async (connection) => {
      const { rows } = await connection.query(
        'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA ORDER BY SCHEMA_NAME',
      );
      return rows.map((row) => String(row.name)).filter((name) => !SYSTEM_DATABASES.has(name.toLowerCase()));
    });
  }

  readIdentity(name: string, options?: StepOptions): Promise<Identity | undefined> {
    return this.#on(name, options, (connection) => connection.readIdentity());
  }

  conflictAt(name: string, options?: StepOptions): Promise<PlacementConflict | undefined> {
    return this.#on(name, options, conflictIn);
  }

  mayIdentify(name: string, options?: StepOptions): Promise<boolean> {
    return this.#on(undefined, options, (connection) => mayIdentify(connection, name));
  }

  changeIdentity(name: string, ...change: IdentityChange): Promise<void> {
    return this.#on(name, change[2], (connection) => changeIdentity(connection, change));
  }

  runScript(name: string, script: string, options?: StepOptions): Promise<void> {
    return this.#on(name, options, async (connection) => {
      for (const statement of splitScript(script)) await connection.query(statement);
      if (!connection.isInTransaction()) return;
      throw new InvalidInputError(
        'The script ends inside a transaction, so its last changes were not kept.',
        {
          hint: 'End it with COMMIT, or leave transactions out.',
        },
      );
    });
  }

  async #on<T>(
    database: string | undefined,
    options: StepOptions | undefined,
    step: (connection: MysqlConnection) => Promise<T>,
  ): Promise<T> {
    const signal = options?.signal;
    if (database !== undefined) assertIdentifier(database);
    const connection = await this.#connect(database, { timeoutMs: CONNECT_MS, signal });
    let cancelled: Promise<void> | undefined;
    const cancel = () => {
      cancelled = connection.cancel(CANCEL_MS);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      signal?.throwIfAborted();
      return await step(connection);
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      await (cancelled ?? connection.close());
    }
  }
}

/** Ends the sessions whose current database is this one, as far as this user may. */
async function endSessionsIn(connection: MysqlConnection, name: string): Promise<void> {
  const same = await nameComparison(connection);
  const { rows } = await connection.query('SHOW PROCESSLIST');
  for (const row of rows) {
    if (typeof row.db !== 'string' || !same(row.db, name)) continue;
    try {
      await connection.query(`KILL CONNECTION ${Number(row.Id)}`);
    } catch (error) {
      const number = serverErrorNumber(error);
      if (number !== UNKNOWN_SESSION && !KILL_DENIED.has(number ?? 0)) throw error;
    }
  }
}

/** How this server compares names: exactly, or folded where `lower_case_table_names` says so. */
async function nameComparison(connection: MysqlConnection): Promise<(one: string, other: string) => boolean> {
  const { rows } = await connection.query('SELECT @@lower_case_table_names AS folds');
  if (Number(rows[0]?.folds) === 0) return (one, other) => one === other;
  return (one, other) => one.toLowerCase() === other.toLowerCase();
}
