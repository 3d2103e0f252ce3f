import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenOptions } from '../../engine/engine.js';
import type { DatabasePart } from '../../engine/place.js';
import type { PlacementConflict } from '../../engine/placement-conflict.js';
import type { IdentityChange, Provisioning, StepOptions } from '../../engine/provisioning.js';
import { InvalidInputError } from '../../errors.js';
import type { Identity } from '../../tenant/tenant.js';
import type { PostgresConnection } from './connection.js';
import { sqlState } from './errors.js';
import { assertIdentifier, quoteIdentifier } from './identifiers.js';
import { compareAndSet, conflictIn, identifyWhole, MAY_IDENTIFY, WHOLE } from './identity.js';
import {
  changePartIdentity,
  conflictOfParts,
  createPart,
  dropPart,
  isPartEmpty,
  partExists,
  readPartIdentity,
} from './part-provisioning.js';

const CONNECT_MS = 10_000;
const STEP_MS = 300_000;
const CANCEL_MS = 5000;
const TEMPLATE_WAIT_MS = 30_000;
const TEMPLATE_RETRY_MS = 100;

/** Databases to be in while making and dropping others: the first that lets us in. */
const MAINTENANCE = 'postgres';
const MAINTENANCE_FALLBACK = 'template1';

const UNKNOWN_DATABASE = '3D000';
const OBJECT_IN_USE = '55006';

/** Opens a connection to a database. */
export type Connect = (database: string, options: OpenOptions) => Promise<PostgresConnection>;

/** Makes and describes databases on a PostgreSQL server. */
export class PostgresProvisioning implements Provisioning {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  createDatabase(name: string, options?: StepOptions): Promise<void> {
    const part = options?.part;
    if (part !== undefined) return this.#createPart(name, part, options);
    return this.#onServer(options, async (connection, signal) => {
      // template0 is the one template that nobody can have changed, and that takes any encoding.
      const sql = `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE template0 ENCODING 'UTF8'`;
      const giveUpAt = performance.now() + TEMPLATE_WAIT_MS;
      for (;;) {
        try {
          await connection.query(sql);
          return;
        } catch (error) {
          if (sqlState(error) !== OBJECT_IN_USE || performance.now() > giveUpAt) throw error;
          await sleep(TEMPLATE_RETRY_MS, undefined, { signal });
        }
      }
    });
  }

  dropDatabase(name: string, options?: StepOptions): Promise<void> {
    const part = options?.part;
    if (part !== undefined) return this.#in(name, options, (connection) => dropPart(connection, part));
    return this.#onServer(options, async (connection) => {
      await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`);
    });
  }

  databaseExists(name: string, options?: StepOptions): Promise<boolean> {
    const part = options?.part;
    if (part !== undefined) return this.#in(name, options, (connection) => partExists(connection, part));
    return this.#onServer(options, async (connection) => {
      // Compared as text: as a `name` the parameter would be cut off at 63 bytes.
      const sql = 'SELECT FROM pg_catalog.pg_database WHERE datname::text = $1::text COLLATE "C"';
      return (await connection.query(sql, [name])).rows.length > 0;
    });
  }

  isEmpty(name: string, options?: StepOptions): Promise<boolean> {
    return this.#in(name, options, async (connection) => {
      if (options?.part !== undefined) return isPartEmpty(connection, options.part);
      const { rows } = await connection.query(
        `SELECT FROM pg_catalog.pg_class AS relation
           JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
         WHERE schema.nspname <> 'information_schema'
           AND (schema.nspname, relation.relname) <> ('tenantry', 'identity')
           AND NOT starts_with(schema.nspname, 'pg_')
           AND relation.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
         LIMIT 1`,
      );
      return rows.length === 0;
    });
  }

  listDatabases(options?: StepOptions): Promise<readonly string[]> {
    return this.#onServer(options, async (connection) => {
      const { rows } = await connection.query(
        `SELECT datname::text AS name FROM pg_catalog.pg_database
         WHERE NOT datistemplate AND datname <> $1 ORDER BY datname`,
        [MAINTENANCE],
      );
      return rows.map((row) => String(row.name));
    });
  }

  readIdentity(name: string, options?: StepOptions): Promise<Identity | undefined> {
    const part = options?.part;
    return this.#in(name, options, (connection) =>
      part === undefined ? connection.readIdentity() : readPartIdentity(connection, part),
    );
  }

  conflictAt(name: string, options?: StepOptions): Promise<PlacementConflict | undefined> {
    return this.#in(name, options, options?.part === undefined ? conflictIn : conflictOfParts);
  }

  mayIdentify(name: string, options?: StepOptions): Promise<boolean> {
    return this.#in(name, options, async (connection) => {
      return (await connection.query(MAY_IDENTIFY)).rows[0]?.may !== false;
    });
  }

  changeIdentity(name: string, ...change: IdentityChange): Promise<void> {
    const [from, to, options] = change;
    return this.#in(name, options, async (connection) => {
      const part = options?.part;
      if (part !== undefined) return changePartIdentity(connection, part, change);
      if (from === undefined && to !== undefined) return identifyWhole(connection, to);
      return compareAndSet(connection, WHOLE, change);
    });
  }

  runScript(name: string, script: string, options?: StepOptions): Promise<void> {
    return this.#inside(name, options, async (connection) => {
      await connection.runScript(script);
      if (!connection.isInTransaction() && !connection.hasPrepared) return;
      throw new InvalidInputError(
        'The script ends inside a transaction, open or prepared, so its last changes were not kept.',
        { hint: 'End it with COMMIT, or leave transactions out: the script runs in one anyway.' },
      );
    });
  }

  async #createPart(name: string, part: DatabasePart, options: StepOptions | undefined): Promise<void> {
    // Whether tenants could be kept apart in there is looked at when a connection to a part is opened.
    if (part.isolation === 'row') await this.#inside(name, options, () => Promise.resolve());
    await this.#in(name, options, (connection) => createPart(connection, part));
  }

  /** Takes a step in no tenant's database. */
  #onServer<T>(options: StepOptions | undefined, step: Step<T>): Promise<T> {
    return this.#take(options, step, async (openOptions) => {
      try {
        return await this.#connect(MAINTENANCE, openOptions);
      } catch (error) {
        if (sqlState(error) !== UNKNOWN_DATABASE) throw error;
        return this.#connect(MAINTENANCE_FALLBACK, openOptions);
      }
    });
  }

  /** Takes a step in a database. */
  async #in<T>(name: string, options: StepOptions | undefined, step: Step<T>): Promise<T> {
    assertIdentifier(name);
    return this.#take(options, step, (openOptions) => this.#connect(name, openOptions));
  }

  /** Takes a step in a database, or in the part of it that the options name. */
  async #inside<T>(name: string, options: StepOptions | undefined, step: Step<T>): Promise<T> {
    assertIdentifier(name);
    const part = options?.part;
    return this.#take(options, step, (openOptions) => this.#connect(name, { ...openOptions, part }));
  }

  async #take<T>(
    options: StepOptions | undefined,
    step: Step<T>,
    open: (options: OpenOptions) => Promise<PostgresConnection>,
  ): Promise<T> {
    const deadline = AbortSignal.timeout(STEP_MS);
    const signal = options?.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    const connection = await open({ timeoutMs: CONNECT_MS, signal });
    let cancelled: Promise<void> | undefined;
    const cancel = () => {
      cancelled = connection.cancel(CANCEL_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      signal.throwIfAborted();
      return await step(connection, signal);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', cancel);
      await (cancelled ?? connection.close());
    }
  }
}

type Step<T> = (connection: PostgresConnection, signal: AbortSignal) => Promise<T>;
