import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import { ClosedError, InvalidOptionError } from '../../errors.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { Tenancy } from '../../tenancy.js';
import type { TenantRef } from '../../tenant/ref.js';
import { readWaitOptions, type SqliteWaitOptions } from './options.js';
import { exactRows, WaitingHandle } from './waiting-handle.js';

/**
 * A SQLite dialect for Kysely over a tenancy's files. Kysely's own has one connection, and one lock for
 * everybody; this one takes a handle of the tenant's for each query and for each transaction, so that nobody
 * waits but for the writer of the same tenant, and then without stopping the event loop. A transaction takes
 * the writer's lock at once, unless its access mode is `read only`.
 *
 * Errors: the driver's own for statements; `NoTenantError` (`TENANTRY_NO_TENANT`) before any I/O; what a
 * session's first use throws.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined`
 * included, or for a time out of range.
 * @example
 * ```ts
 * const db = new Kysely<DB>({ dialect: sqliteDialect(tenancy) })
 * await tenancy.run('acme', async () => db.selectFrom('users').selectAll().execute())
 * ```
 */
export function sqliteDialect(tenancy: Tenancy, options: SqliteWaitOptions = {}): Dialect {
  assertTenancy('sqliteDialect', tenancy);
  const { tenant, busyTimeoutMs } = readWaitOptions('sqliteDialect', options);
  return {
    createDriver: () => new TenantDriver(tenancy, tenant, busyTimeoutMs),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
  };
}

class TenantDriver implements Driver {
  readonly #tenancy: Tenancy;
  readonly #tenant: TenantRef | undefined;
  readonly #busyTimeoutMs: number;
  #isDestroyed = false;

  constructor(tenancy: Tenancy, tenant: TenantRef | undefined, busyTimeoutMs: number) {
    this.#tenancy = tenancy;
    this.#tenant = tenant;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isDestroyed)
      throw new ClosedError('This Kysely is destroyed.', { hint: 'Make no calls after destroy().' });
    const clients = this.#tenancy.clients(this.#tenant);
    return new LeasedConnection(await WaitingHandle.acquire(clients, this.#busyTimeoutMs));
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel, accessMode } = settings;
    if (isolationLevel !== undefined && isolationLevel !== 'serializable') {
      throw new InvalidOptionError(`SQLite has no isolation level ${JSON.stringify(isolationLevel)}.`, {
        hint: 'Leave it out, or say serializable: every transaction of SQLite is that.',
      });
    }
    await run(connection, accessMode === 'read only' ? 'begin deferred' : 'begin immediate');
    handleOf(connection).began();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    handleOf(connection).ends();
    await run(connection, 'commit');
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    handleOf(connection).ends();
    await run(connection, 'rollback');
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await run(connection, `savepoint ${quoted(name)}`);
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await run(connection, `rollback to ${quoted(name)}`);
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await run(connection, `release ${quoted(name)}`);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const { leftOpen } = connection as LeasedConnection;
    handleOf(connection).release();
    if (leftOpen !== undefined) throw leftOpen;
  }

  /** Closes only this. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
  }
}

class LeasedConnection implements DatabaseConnection {
  readonly handle: WaitingHandle;
  #statements = 0;

  constructor(handle: WaitingHandle) {
    this.handle = handle;
  }

  /** Set where the only statement that ran here has left a transaction open: nothing can go on with it. */
  get leftOpen(): Error | undefined {
    return this.#statements === 1 ? this.handle.leftOpen : undefined;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    this.#statements++;
    const result = await this.handle.send(sql, parameters);
    if (!('changes' in result)) return { rows: result as R[] };
    const { changes, lastInsertRowid } = result;
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  async *streamQuery<R>(
    { sql, parameters }: CompiledQuery,
    chunkSize = 1,
  ): AsyncIterableIterator<QueryResult<R>> {
    let rows: R[] = [];
    for await (const row of this.handle.iterate(sql, parameters)) {
      rows.push(...(exactRows([row]) as R[]));
      if (rows.length < chunkSize) continue;
      yield { rows };
      rows = [];
    }
    if (rows.length > 0) yield { rows };
  }
}

function handleOf(connection: DatabaseConnection): WaitingHandle {
  return (connection as LeasedConnection).handle;
}

async function run(connection: DatabaseConnection, sql: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(sql));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
