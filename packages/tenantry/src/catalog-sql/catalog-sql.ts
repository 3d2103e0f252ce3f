import type { EngineConnection, Parameter } from '../engine/connection.js';
import type { SqlDialect } from './sql-dialect.js';

/**
 * Runs the catalog's statements on one connection. What requests wait for, and what starts a process,
 * is written in it; what only administration needs is built with Kysely (`databaseOn`), which takes
 * longer to load than all the rest.
 */
export class CatalogSql {
  readonly connection: EngineConnection;
  readonly dialect: SqlDialect;

  constructor(connection: EngineConnection, dialect: SqlDialect) {
    this.connection = connection;
    this.dialect = dialect;
  }

  /** The rows of a trusted statement whose parameters are written `?`; who writes it knows their type. */
  async rows<R>(sql: string, params: readonly Parameter[] = []): Promise<R[]> {
    const { rows } = await this.connection.query(this.dialect.place(sql), params);
    return rows as R[];
  }

  /** Runs a trusted statement that has no rows. */
  async run(sql: string, params: readonly Parameter[] = []): Promise<void> {
    await this.connection.query(this.dialect.place(sql), params);
  }
}
