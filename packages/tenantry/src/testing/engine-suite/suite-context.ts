import { afterAll, afterEach, beforeAll, expect, type TestContext } from 'vitest';
import type { EngineConnection, Row } from '../../engine/connection.js';
import type { Engine, EngineServer } from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import type { ErrorKind } from '../../errors.js';
import { type SessionDialect, type SuiteDialect, suiteDialects } from './dialect.js';
import type { Available, EngineFixture } from './fixture.js';

const OPEN_TIMEOUT_MS = 10_000;

/** What every part of the suite works with: the fixture, one database of the suite's own, and its connections. */
export class SuiteContext {
  readonly #makeFixture: () => Promise<EngineFixture>;
  readonly #opened = new Set<EngineConnection>();
  #fixture: EngineFixture | undefined;
  #database = '';
  #tables = 0;

  constructor(makeFixture: () => Promise<EngineFixture>) {
    this.#makeFixture = makeFixture;
    beforeAll(async () => {
      this.#fixture = await this.#makeFixture();
      this.#database = await this.newDatabase();
    });
    afterEach(() => {
      for (const connection of this.#opened) connection.destroy();
      this.#opened.clear();
    });
    afterAll(async () => {
      await this.#fixture?.close();
    });
  }

  get fixture(): EngineFixture {
    if (this.#fixture === undefined) throw new Error('The fixture could not be made.');
    return this.#fixture;
  }

  get server(): EngineServer {
    return this.fixture.server;
  }

  get engine(): Engine {
    return this.server.engine;
  }

  get dialect(): SuiteDialect {
    return suiteDialects[this.engine.capabilities.dialect];
  }

  get database(): string {
    return this.#database;
  }

  provisioning(): Promise<Provisioning> {
    return this.server.provisioning();
  }

  async newDatabase(): Promise<string> {
    const name = this.fixture.databaseName();
    const provisioning = await this.provisioning();
    await provisioning.createDatabase(name);
    const { part } = this.fixture;
    if (part !== undefined) {
      await part.prepare(name);
      await provisioning.createDatabase(name, { part: part.place });
    }
    return name;
  }

  /** Opens a connection that is destroyed after the test. */
  async open(database = this.database, server = this.server): Promise<EngineConnection> {
    const connection = await server.open(database, {
      timeoutMs: OPEN_TIMEOUT_MS,
      part: this.fixture.part?.place,
    });
    this.#opened.add(connection);
    return connection;
  }

  /** Makes a table `(id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL)` with a name of its own. */
  async newTable(connection: EngineConnection): Promise<string> {
    const table = `table_${++this.#tables}`;
    await connection.query(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL)`);
    return table;
  }

  /** Inserts one row with parameters. */
  async insert(connection: EngineConnection, table: string, id: number, name: string): Promise<void> {
    const { placeholder } = this.dialect;
    await connection.query(`INSERT INTO ${table} (id, name) VALUES (${placeholder(1)}, ${placeholder(2)})`, [
      id,
      name,
    ]);
  }

  /** The ids in a table, as another connection sees them. */
  async committedIds(table: string): Promise<number[]> {
    const { rows } = await (await this.open()).query(`SELECT id FROM ${table} ORDER BY id`);
    return rows.map((row) => Number(row.id));
  }

  /** What an engine's error means, for an attempt that must fail. */
  async kindOf(attempt: Promise<unknown>): Promise<ErrorKind> {
    return this.engine.classifyError(await failureOf(attempt));
  }

  /** How the engine's server is asked about sessions; skips the test where there is no server. */
  sessions(test: TestContext): SessionDialect {
    const { sessions } = this.dialect;
    if (sessions === undefined) return test.skip(`${this.engine.name} has no server that holds sessions`);
    return sessions;
  }

  /** What the fixture has; skips the test where it cannot have it. */
  available<T>(test: TestContext, thing: Available<T>): T {
    return 'value' in thing ? thing.value : test.skip(thing.missing);
  }
}

/** The error of an attempt that must fail. */
export async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  const outcome = await attempt.then(
    () => ({ error: undefined }),
    (error: unknown) => ({ error }),
  );
  expect(outcome.error, 'the attempt was expected to fail').toBeInstanceOf(Error);
  return outcome.error;
}

/** The number under a name in the first row. */
export async function numberFrom(connection: EngineConnection, sql: string, key: string): Promise<number> {
  const { rows } = await connection.query(sql);
  return Number(firstOf(rows)[key]);
}

/** The first row, which must be there. */
export function firstOf(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('There is no row.');
  return row;
}
