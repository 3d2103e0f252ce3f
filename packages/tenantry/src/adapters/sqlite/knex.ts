import type { Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { SqliteDatabase } from '../../engines/sqlite/lent/index.js';
import { ClosedError, InvalidOptionError, NotSupportedError } from '../../errors.js';
import { assertFunction } from '../../input/call-options.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { Tenancy } from '../../tenancy.js';
import { bindBuilders, type KnexBuilders } from '../orm/knex-builders.js';
import { readWaitOptions, type SqliteWaitOptions } from './options.js';
import { exactResult, exactRows, WaitingHandle } from './waiting-handle.js';

/** What is used of the function that the package `knex` exports. */
export interface KnexModule<Client> {
  (config: { client: string; useNullAsDefault: boolean }): { readonly client: object };
  readonly Client: Client;
}

/** A connection as Knex sees it: better-sqlite3's `Database`, with what Knex writes on it. */
interface Connection extends SqliteDatabase {
  __knexUid?: string;
  /** Why it must not be used again. */
  __knex__disposed?: unknown;
}

/** A compiled statement, and what became of it. */
interface Query {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
  readonly options?: { readonly safeIntegers?: unknown };
  response?: unknown;
  context?: object;
}

interface Transaction {
  readonly readOnly?: boolean;
  begin(connection: object): Promise<unknown>;
  commit(connection: object, value: unknown): Promise<unknown>;
  rollback(connection: object, error: unknown): Promise<unknown>;
  query(connection: object, sql: string): Promise<unknown>;
}

/** What is used of Knex's own client for better-sqlite3. */
interface OwnClient {
  _formatBindings(bindings: readonly unknown[] | undefined): readonly unknown[];
  transaction(...given: readonly unknown[]): Transaction;
  destroy(callback?: (error?: unknown) => void): Promise<void>;
}

type OwnClientClass = new (config: object) => OwnClient;

/** What ours does instead, and so must be there. */
const REPLACED = [
  ...['acquireConnection', 'releaseConnection', 'initializePool', 'destroy'],
  ...['_query', '_stream', '_formatBindings', 'transaction'],
];

let connections = 0;

/**
 * A client for Knex over a tenancy's files: what `knex({ client })` takes. Knex's own opens one file with
 * better-sqlite3, and runs everything on one connection of it. This one takes a handle of the tenant's for each
 * query and for each transaction, from whichever driver the engine has, so that nobody waits but for the writer of
 * the same tenant, and then without stopping the event loop. A transaction takes the writer's lock at once,
 * unless it is `readOnly`.
 *
 * `knex` is the function that the package exports: it is asked for its own SQLite client, which this one extends.
 * Nothing else of Knex is loaded. `connection`, `connectionPool` and `pool` have no meaning here; the first two are
 * refused. A stream reads row by row; in a transaction all rows at first, as Knex's own does.
 * `db.destroy()` closes only that instance.
 *
 * Errors: the driver's own for statements; `NoTenantError` (`TENANTRY_NO_TENANT`) before any I/O;
 * `InvalidInputError` (`TENANTRY_INVALID_INPUT`) for what is refused, among it the PRAGMAs by which Knex alters
 * and drops columns; `ClosedError` (`TENANTRY_CLOSED`) after `destroy()`; what a session's first use throws.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined`
 * included, or for a time out of range; NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of Knex
 * has no client that can be extended.
 * @example
 * ```ts
 * const db = knex({ client: sqliteKnexClient(tenancy, knex), useNullAsDefault: true })
 * await tenancy.run('acme', () => db('users').select('username'))
 * ```
 */
export function sqliteKnexClient<Client>(
  tenancy: Tenancy,
  knex: KnexModule<Client>,
  options: SqliteWaitOptions = {},
): Client {
  assertTenancy('sqliteKnexClient', tenancy);
  assertFunction('sqliteKnexClient', knex);
  const { tenant, busyTimeoutMs } = readWaitOptions('sqliteKnexClient', options);
  const handles = new WeakMap<object, WaitingHandle>();
  const handleOf = (connection: object): WaitingHandle => {
    const handle = handles.get(connection);
    if (handle !== undefined) return handle;
    throw new InvalidOptionError('This connection comes from elsewhere.', {
      hint: 'Take it from acquireConnection() of the same client.',
    });
  };

  // Knex makes a transaction's client of this prototype, without the constructor: nothing may be private.
  class TenantClient extends ownClientOf(knex) {
    isDestroyed = false;

    constructor(config: object) {
      for (const name of ['connection', 'connectionPool'] as const) {
        if (Reflect.get(config, name) !== undefined) throw misplaced(name);
      }
      super(config);
      if (tenant === undefined) bindBuilders(tenancy, this as unknown as KnexBuilders);
    }

    /** Of `knex.initialize()`, which takes an instance that was destroyed into use again. */
    initializePool(): void {
      this.isDestroyed = false;
    }

    async acquireConnection(): Promise<Connection> {
      if (this.isDestroyed)
        throw new ClosedError('This Knex is destroyed.', { hint: 'Make no calls after destroy().' });
      const handle = await WaitingHandle.acquire(tenancy.clients(tenant), busyTimeoutMs);
      const connection: Connection = handle.database;
      connection.__knexUid = `tenantry${++connections}`;
      handles.set(connection, handle);
      return connection;
    }

    /** Knex releases twice after a stream. */
    async releaseConnection(connection: Connection): Promise<void> {
      const handle = handleOf(connection);
      if (connection.__knex__disposed === undefined) handle.release();
      else handle.destroy();
    }

    /** What is in use goes on, and is given back. */
    override destroy(callback?: (error?: unknown) => void): Promise<void> {
      this.isDestroyed = true;
      return super.destroy(callback);
    }

    override transaction(...given: readonly unknown[]): Transaction {
      const transaction = super.transaction(...given);
      const { commit, rollback } = transaction;
      // Begins in a later turn. A writer takes its lock at once, so that no statement of it can find its snapshot too old.
      transaction.begin = async (connection) => {
        const { readOnly } = transaction;
        await transaction.query(connection, readOnly ? 'BEGIN DEFERRED;' : 'BEGIN IMMEDIATE;');
        handleOf(connection).began();
      };
      transaction.commit = (connection, value) => {
        handleOf(connection).ends();
        return commit.call(transaction, connection, value);
      };
      transaction.rollback = (connection, error) => {
        handleOf(connection).ends();
        return rollback.call(transaction, connection, error);
      };
      return transaction;
    }

    async _query(connection: Connection, query: Query): Promise<Query> {
      const values = this._formatBindings(query.bindings);
      return handleOf(connection).run(query.sql, (statement) => {
        statement.safeIntegers(isExact(query));
        if (statement.reader)
          return Object.assign(query, { response: rowsOf(query, statement.all(...values)) });
        const response = exactResult(statement.run(...values));
        const { lastInsertRowid: lastID, changes } = response;
        return Object.assign(query, { response, context: { lastID, changes } });
      });
    }

    async _stream(connection: Connection, query: Query, stream: Transform): Promise<void> {
      await Promise.all([pipeline(this._rows(connection, query), stream), finished(stream)]);
    }

    /** Whatever fails must reach the stream: Knex tells it nothing once there is a connection. */
    async *_rows(connection: Connection, query: Query): AsyncGenerator<unknown, void, undefined> {
      const values = this._formatBindings(query.bindings);
      const handle = handleOf(connection);
      // A handle that gives rows can do nothing else meanwhile, and a transaction has no other.
      if (connection.inTransaction)
        yield* await handle.run(query.sql, (statement) =>
          rowsOf(query, statement.safeIntegers(isExact(query)).all(...values)),
        );
      else
        for await (const row of handle.iterate(query.sql, values, isExact(query)))
          yield* rowsOf(query, [row]);
    }
  }
  return TenantClient as unknown as Client;
}

/** Knex's client for better-sqlite3, which loads that driver only when it has something to open. */
function ownClientOf(knex: KnexModule<unknown>): OwnClientClass {
  const { client } = knex({ client: 'better-sqlite3', useNullAsDefault: true });
  const isWhole = REPLACED.every((name) => typeof Reflect.get(client, name) === 'function');
  if (isWhole) return client.constructor as OwnClientClass;
  throw new NotSupportedError('This version of Knex has no SQLite client that can be extended.', {
    hint: 'Use a version of Knex that docs/compatibility.md names.',
  });
}

/** Knex's own option has all integers as bigint, or those rounded that a number cannot hold. */
function isExact({ options }: Query): boolean {
  return options?.safeIntegers !== false;
}

function rowsOf({ options }: Query, rows: unknown[]): unknown[] {
  return typeof options?.safeIntegers === 'boolean' ? rows : exactRows(rows);
}

function misplaced(option: string): InvalidOptionError {
  return new InvalidOptionError(`The option ${option} of Knex is given, and this client opens nothing.`, {
    hint: "Leave it out: the connections are the tenancy's.",
  });
}
