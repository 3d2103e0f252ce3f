import type { SqliteStatement } from '../../../engines/sqlite/lent/index.js';
import { isRead } from '../../../engines/sqlite/statement-rules.js';
import type { Tenancy } from '../../../tenancy.js';
import type { TenantRef } from '../../../tenant/ref.js';
import { WaitingHandle } from '../waiting-handle.js';
import type {
  PrismaAdapter,
  PrismaQuery,
  PrismaQueryable,
  PrismaRows,
  PrismaTransaction,
} from './driver-adapter.js';
import { asPrismaError, PrismaDriverError } from './errors.js';
import { bindArguments, columnTypesOf, type TimestampFormat, toPrismaRows } from './values.js';

/** What an adapter works with. */
export interface AdapterSettings {
  readonly tenancy: Tenancy;
  /** Undefined for the tenant of the context. */
  readonly tenant: TenantRef | undefined;
  readonly busyTimeoutMs: number;
  readonly timestampFormat: TimestampFormat;
}

/** What adapters and transactions share: how a statement is run, once there is a handle. */
abstract class TenantQueryable implements PrismaQueryable {
  readonly provider = 'sqlite';
  readonly adapterName = 'tenantry';
  readonly #dates: TimestampFormat;

  constructor(dates: TimestampFormat) {
    this.#dates = dates;
  }

  queryRaw(query: PrismaQuery): Promise<PrismaRows> {
    return this.run(query.sql, (statement) => {
      statement.safeIntegers().raw();
      const values = bindArguments(query, this.#dates);
      if (!statement.reader) {
        statement.run(...values);
        return { columnNames: [], columnTypes: [], rows: [] };
      }
      const rows = statement.all(...values) as unknown[][];
      // After its rows: a statement that was prepared before the table was altered is prepared again to give them.
      const columns = statement.columns();
      const columnTypes = columnTypesOf(columns, rows);
      return {
        columnNames: columns.map(({ name }) => name),
        rows: toPrismaRows(rows, columnTypes),
        columnTypes,
      };
    });
  }

  executeRaw(query: PrismaQuery): Promise<number> {
    return this.run(query.sql, (statement) => {
      const values = bindArguments(query, this.#dates);
      if (!statement.reader) return statement.run(...values).changes;
      // libsql counts nothing where rows are given.
      const rows = statement.all(...values);
      return isRead(query.sql) ? 0 : rows.length;
    });
  }

  /** Runs a statement on a handle, and says what went wrong in Prisma's words. */
  protected run<T>(sql: string, work: (statement: SqliteStatement) => T): Promise<T> {
    return this.on((handle) => handle.run(sql, work));
  }

  /** Does work on a handle, and says what went wrong in Prisma's words. */
  protected abstract on<T>(work: (handle: WaitingHandle) => Promise<T>): Promise<T>;
}

/** Each statement runs on a handle of its own, of whoever is the tenant at the call. */
export class TenantAdapter extends TenantQueryable implements PrismaAdapter {
  readonly #settings: AdapterSettings;

  constructor(settings: AdapterSettings) {
    super(settings.timestampFormat);
    this.#settings = settings;
  }

  executeScript(script: string): Promise<void> {
    return this.on((handle) => handle.exec(script));
  }

  /** On a handle that nobody else gets until it ends. It takes the writer's lock at once, so that its snapshot is never too old to write. */
  async startTransaction(isolationLevel?: string): Promise<PrismaTransaction> {
    if (isolationLevel !== undefined && isolationLevel !== 'SERIALIZABLE')
      throw new PrismaDriverError({ kind: 'InvalidIsolationLevel', level: isolationLevel });
    const handle = await this.#lease();
    try {
      await inPrismasWords(handle.exec('BEGIN IMMEDIATE'));
      handle.began();
    } catch (error) {
      handle.release();
      throw error;
    }
    return new TenantTransaction(handle, this.#settings.timestampFormat);
  }

  /** It holds nothing: what is in a transaction, Prisma has rolled back before. */
  async dispose(): Promise<void> {}

  protected async on<T>(work: (handle: WaitingHandle) => Promise<T>): Promise<T> {
    const handle = await this.#lease();
    try {
      const result = await inPrismasWords(work(handle));
      if (handle.leftOpen !== undefined) throw handle.leftOpen;
      return result;
    } finally {
      handle.release();
    }
  }

  #lease(): Promise<WaitingHandle> {
    const { tenancy, tenant, busyTimeoutMs } = this.#settings;
    return WaitingHandle.acquire(tenancy.clients(tenant), busyTimeoutMs);
  }
}

class TenantTransaction extends TenantQueryable implements PrismaTransaction {
  readonly options = { usePhantomQuery: true };
  readonly #handle: WaitingHandle;

  constructor(handle: WaitingHandle, dates: TimestampFormat) {
    super(dates);
    this.#handle = handle;
  }

  async commit(): Promise<void> {
    this.#handle.ends();
    try {
      await this.#exec('COMMIT');
    } finally {
      // One that could not be committed is rolled back by this.
      this.#handle.release();
    }
  }

  async rollback(): Promise<void> {
    this.#handle.ends();
    try {
      // Some errors (a full disk) have SQLite roll back by itself.
      if (this.#handle.database.inTransaction) await this.#exec('ROLLBACK');
    } finally {
      this.#handle.release();
    }
  }

  async createSavepoint(name: string): Promise<void> {
    await this.#exec(`SAVEPOINT ${name}`);
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    await this.#exec(`ROLLBACK TO ${name}`);
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#exec(`RELEASE ${name}`);
  }

  protected on<T>(work: (handle: WaitingHandle) => Promise<T>): Promise<T> {
    return inPrismasWords(work(this.#handle));
  }

  #exec(sql: string): Promise<void> {
    return this.on((handle) => handle.exec(sql));
  }
}

async function inPrismasWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asPrismaError(error);
  }
}
