import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  MysqlAdapter,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresQueryCompiler,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteQueryCompiler,
} from 'kysely';
import type { EngineName } from '../engine/capabilities.js';
import type { EngineConnection } from '../engine/connection.js';
import { assertParameters } from '../engine/parameters.js';
import { InternalError } from '../errors.js';
import type { CatalogSql } from './catalog-sql.js';
import type { CatalogDb } from './tables.js';

interface KyselyParts {
  createCompiler(): QueryCompiler;
  createAdapter(): DialectAdapter;
}

const parts: Readonly<Record<EngineName, KyselyParts>> = {
  mysql: { createCompiler: () => new MysqlQueryCompiler(), createAdapter: () => new MysqlAdapter() },
  postgres: { createCompiler: () => new PostgresQueryCompiler(), createAdapter: () => new PostgresAdapter() },
  sqlite: { createCompiler: () => new SqliteQueryCompiler(), createAdapter: () => new SqliteAdapter() },
};

/** Kysely on one connection that somebody else leased and will give back. */
export function databaseOn({ connection, dialect }: CatalogSql): CatalogDb {
  return new Kysely({ dialect: new EngineDialect(connection, parts[dialect.name]) });
}

/** A Kysely dialect over any engine's connection; the SQL that it writes is chosen by capability. */
class EngineDialect implements Dialect {
  readonly #connection: EngineConnection;
  readonly #parts: KyselyParts;

  constructor(connection: EngineConnection, parts: KyselyParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  createDriver(): Driver {
    return new EngineDriver(this.#connection);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#parts.createCompiler();
  }

  createAdapter(): DialectAdapter {
    return this.#parts.createAdapter();
  }

  createIntrospector(): DatabaseIntrospector {
    throw new InternalError('The catalog never asks a database what tables it has.');
  }
}

/** Runs everything on the one connection. Its lease, its deadline and its end belong to `CatalogConnections`. */
class EngineDriver implements Driver {
  readonly #engine: EngineConnection;
  readonly #connection: DatabaseConnection;

  constructor(engine: EngineConnection) {
    this.#engine = engine;
    this.#connection = {
      executeQuery: <R>(query: CompiledQuery) => execute<R>(engine, query),
      streamQuery: () => {
        throw new InternalError('The catalog does not stream.');
      },
    };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  beginTransaction(): Promise<void> {
    return this.#engine.begin();
  }

  commitTransaction(): Promise<void> {
    return this.#engine.commit();
  }

  rollbackTransaction(): Promise<void> {
    return this.#engine.rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

async function execute<R>(engine: EngineConnection, query: CompiledQuery): Promise<QueryResult<R>> {
  assertParameters(query.parameters);
  const { rows, affectedRows } = await engine.query(query.sql, query.parameters);
  // The statement was built from the table types, so its rows are of the type that Kysely worked out.
  return { rows: rows as R[], numAffectedRows: BigInt(affectedRows) };
}
