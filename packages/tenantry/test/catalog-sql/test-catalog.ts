import { join } from 'node:path';
import type { EngineUnderTest, Namespace } from '../../../../test/helpers/engines.js';
import { runDirectory } from '../../../../test/helpers/environment.js';
import type { Catalog } from '../../src/catalog/catalog.js';
import { createSqlCatalog } from '../../src/catalog-sql/sql-catalog.js';
import { parseAddress } from '../../src/engine/address.js';
import type { EngineConnection, Row } from '../../src/engine/connection.js';
import type { AcquireOptions, ConnectionSource } from '../../src/engine/connection-source.js';
import type { Engine, EngineServer } from '../../src/engine/engine.js';
import { mysql } from '../../src/engines/mysql/index.js';
import { postgres } from '../../src/engines/postgres/index.js';
import { sqlite } from '../../src/engines/sqlite/index.js';
import type { CatalogFixture } from '../../src/testing/index.js';

const ENGINES: Readonly<Record<EngineUnderTest['name'], Engine>> = { mysql, postgres, sqlite };

/** A catalog in a database of the test's own, which is dropped at the end. */
export interface TestCatalog extends CatalogFixture {
  readonly server: EngineServer;
  readonly database: string;
  /** Connections that the catalog holds now. */
  leased(): number;
  /** A catalog over the same database with a time limit of its own. */
  withTimeout(timeoutMs: number): Catalog;
  /** A catalog over the same database whose connections have been tampered with. */
  tampered(tamper: (connection: EngineConnection) => EngineConnection): Catalog;
  /** A connection to the catalog's database, closed with the fixture. */
  connect(): Promise<EngineConnection>;
  /** Runs one statement in the catalog's database. */
  run(sql: string): Promise<Row[]>;
  createDatabase(): Promise<void>;
}

/** Makes one on the engine's test server; nothing is in the database, not even the database itself. */
export async function makeTestCatalog(underTest: EngineUnderTest): Promise<TestCatalog> {
  const engine = ENGINES[underTest.name];
  const namespace = await underTest.openNamespace();
  const server = engine.server(parseAddress(namespace.url));
  const database = namespace.name('Catalog');
  const source = new OneEach(server, database);
  const opened: EngineConnection[] = [];
  const connect = async () => {
    const connection = await server.open(database, { timeoutMs: 5000 });
    opened.push(connection);
    return connection;
  };
  const open = (timeoutMs?: number) => createSqlCatalog({ server, database, connections: source, timeoutMs });
  const tampered = (tamper: (connection: EngineConnection) => EngineConnection) => {
    const connections: ConnectionSource = {
      async acquire(options) {
        const lease = await source.acquire(options);
        return { ...lease, connection: tamper(lease.connection) };
      },
    };
    return createSqlCatalog({ server, database, connections });
  };
  return {
    server,
    database,
    catalog: open(),
    another: () => open(),
    withTimeout: open,
    tampered,
    unreachable() {
      const nowhere = engine.server(parseAddress(whereNobodyAnswers(namespace)));
      return createSqlCatalog({ server: nowhere, database, connections: new OneEach(nowhere, database) });
    },
    leased: () => source.leased,
    connect,
    async run(sql) {
      const connection = await connect();
      return (await connection.query(sql)).rows;
    },
    createDatabase: async () => (await server.provisioning()).createDatabase(database),
    async close() {
      const { leased } = source;
      await Promise.all(opened.map((connection) => connection.close()));
      await namespace.close();
      if (leased > 0) throw new Error(`The catalog still holds ${leased} connections.`);
    },
  };
}

/** A connection for each lease, closed at its end: what a pool does, without the pool. */
class OneEach implements ConnectionSource {
  leased = 0;
  readonly #server: EngineServer;
  readonly #database: string;

  constructor(server: EngineServer, database: string) {
    this.#server = server;
    this.#database = database;
  }

  async acquire({ signal, timeoutMs = 5000 }: AcquireOptions = {}) {
    const connection = await this.#server.open(this.#database, { timeoutMs, signal });
    this.leased++;
    let ended = false;
    const end = (last: () => void): void => {
      if (ended) return;
      ended = true;
      this.leased--;
      last();
    };
    return {
      connection,
      release: () => end(() => void connection.close()),
      destroy: () => end(() => connection.destroy()),
    };
  }
}

/** An address of the same kind where nobody answers. */
function whereNobodyAnswers({ url, server }: Namespace): string {
  const nowhere = new URL(url);
  if (server === undefined) {
    // No folder can be made inside something that is none.
    return 'sqlite:/dev/null/folder';
  } else {
    nowhere.username = 'nobody';
    nowhere.password = 'hunter2';
    nowhere.searchParams.set('socketPath', join(runDirectory(), 'nobody.sock'));
  }
  return nowhere.href;
}
