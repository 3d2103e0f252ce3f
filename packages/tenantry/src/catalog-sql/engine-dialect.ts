import type {
  CompiledQuery,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  QueryCompiler,
  QueryResult,
} from 'kysely';
import type { EngineName } from '../engine/capabilities.js';
import type { EngineConnection } from '../engine/connection.js';
import { assertParameters } from '../engine/parameters.js';
import { InternalError } from '../errors.js';
import type { CatalogSql } from './catalog-sql.js';
import { kysely } from './kysely.js';
import type { CatalogDb } from './tables.js';

interface KyselyParts {
  readonly Compiler: new () => QueryCompiler;
  readonly Adapter: new () => DialectAdapter;
}

function partsOf(engine: EngineName): KyselyParts {
  const parts = kysely.loaded;
  switch (engine) {
    case 'mysql':
      return { Compiler: parts.MysqlQueryCompiler, Adapter: parts.MysqlAdapter };
    case 'postgres':
      return { Compiler: parts.PostgresQueryCompiler, Adapter: parts.PostgresAdapter };
    case 'sqlite':
      return { Compiler: parts.SqliteQueryCompiler, Adapter: parts.SqliteAdapter };
  }
}

/** Kysely, which must be loaded, on one connection that somebody else leased and will give back. */
export function databaseOn({ connection, dialect }: CatalogSql): CatalogDb {
  return new kysely.loaded.Kysely({ dialect: new EngineDialect(connection, partsOf(dialect.name)) });
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
    return new this.#parts.Compiler();
  }

  createAdapter(): DialectAdapter {
    return new this.#parts.Adapter();
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
