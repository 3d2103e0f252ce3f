import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineConnection } from '../../../src/engine/connection.js';
import type { DriverName } from '../../../src/engines/sqlite/driver.js';
import type { DriverHandle } from '../../../src/engines/sqlite/driver-handle.js';
import { sqlite } from '../../../src/engines/sqlite/index.js';
import type { SqliteDatabase } from '../../../src/engines/sqlite/lent/index.js';
import {
  checkDriverScript,
  checkScript,
  checkStatement,
} from '../../../src/engines/sqlite/statement-rules.js';
import { InvalidInputError } from '../../../src/errors.js';
import { connect, drivers, oneDatabase, rawHandle, serverOn, temporaryFolder } from './fixture.js';
import { soup } from './token-soup.js';

/** Texts that a reader of ours could take for harmless. `OTHER` is the path of another database. */
const attacks = [
  "SELECT $a('); ATTACH 'OTHER' AS bb; SELECT $b(')",
  "SELECT @a('); ATTACH 'OTHER' AS bb; SELECT @b(')",
  "SELECT :a('); ATTACH 'OTHER' AS bb; SELECT :b(')",
  "SELECT #a('); ATTACH 'OTHER' AS bb; SELECT #b(')",
  "SELECT $a::b('); ATTACH 'OTHER' AS bb; SELECT $b(')",
  'SELECT $a("); ATTACH \'OTHER\' AS bb; SELECT $b(")',
  "SELECT $a(--); ATTACH 'OTHER' AS bb; SELECT 1",
  "SELECT $a(/*); ATTACH 'OTHER' AS bb; SELECT $b(*/)",
  "SELECT $a('); PRAGMA query_only = 1; SELECT $b(')",
  "SELECT $a('); CREATE TEMP TABLE left_behind (a); SELECT $b(')",
  "SELECT 1; ATTACH 'OTHER' AS bb",
  "SELECT sha3_query('ATTACH ''OTHER'' AS bb')",
  "SELECT sha3_query('PRAGMA query_only = 1')",
  "SELECT hex(readfile('OTHER'))",
  'SELECT "readfile" /* */ (\'OTHER\')',
  "SELECT writefile('OTHER', 'gone')",
  "SELECT * FROM fsdir('OTHER')",
  "SELECT * FROM 'fsdir' WHERE path = 'OTHER'",
  "WITH a AS (SELECT [ReadFile]('OTHER')) SELECT * FROM a",
  "CREATE VIEW v AS SELECT readfile('OTHER')",
  "CREATE FUNCTION f LANGUAGE wasm AS 'x'",
  "SELECT load_extension('OTHER')",
  "SELECT sqlite3mc_config('cipher', 'aes128cbc')",
];

const PRAGMAS = [
  'query_only',
  'foreign_keys',
  'busy_timeout',
  'synchronous',
  'recursive_triggers',
  'temp_store',
];

/** What SQLite says of a handle: its databases, what is temporary, and the settings. */
function stateOf(handle: Pick<DriverHandle, 'prepare'>): unknown {
  const read = (name: string) => handle.prepare(`SELECT * FROM ${name}`).all([]);
  const databases = read('pragma_database_list').map(({ name }) => name);
  return [
    databases.filter((name) => name !== 'temp'),
    read('sqlite_temp_master'),
    ...PRAGMAS.map((name) => read(`pragma_${name}`)),
  ];
}

/** What an error is, whoever threw it: a lent client's are told in our own words. */
async function kindOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof InvalidInputError ? error.kind : sqlite.classifyError(error)),
  );
}

/** A database `Alpha`, and the path of another. */
async function twoDatabases(driver: DriverName, parameters = '') {
  const { folder, server, provisioning } = await oneDatabase(driver, parameters);
  const other = join(folder, 'Other.sqlite');
  rawHandle(driver, other).exec('CREATE TABLE secrets (a)');
  return { folder, server, provisioning, other };
}

/** Whether nobody could meet what is left in a connection: it is as it was opened, or will be closed. */
async function isHarmless(connection: EngineConnection, atFirst: unknown): Promise<boolean> {
  if (!connection.isAlive() || !connection.isClean()) return true;
  const { client } = connection.lend({ raw: true });
  return JSON.stringify(stateOf(client as DriverHandle)) === JSON.stringify(atFirst);
}

/** What a handle is like that was just opened. */
async function freshState(driver: DriverName, folder: string): Promise<unknown> {
  const connection = await connect(serverOn(folder, driver), 'Alpha');
  return stateOf(connection.lend({ raw: true }).client as DriverHandle);
}

/** Every way by which a text reaches a handle. */
const doors: Record<string, (connection: EngineConnection, sql: string) => unknown> = {
  query: (connection, sql) => connection.query(sql),
  'a lent exec': (connection, sql) => (connection.lend().client as SqliteDatabase).exec(sql),
  'a lent statement': (connection, sql) => {
    const statement = (connection.lend().client as SqliteDatabase).prepare(sql);
    return statement.reader ? statement.all() : statement.run();
  },
  'a lent iteration': (connection, sql) => [
    ...(connection.lend().client as SqliteDatabase).prepare(sql).iterate(),
  ],
};

describe.each(drivers)('a text that could be read in two ways, through %s', (driver) => {
  it.each(attacks)('is refused at every door, with nothing run: %s', async (text) => {
    const { folder, server, provisioning, other } = await twoDatabases(driver);
    const sql = text.replaceAll('OTHER', other);
    const atFirst = await freshState(driver, folder);
    for (const [door, run] of Object.entries(doors)) {
      const connection = await connect(server, 'Alpha');
      const kind = await kindOf((async () => run(connection, sql))());
      expect([door, kind]).toEqual([door, expect.stringMatching(/^(syntax|access-denied)$/)]);
      expect(connection.isClean()).toBe(true);
      expect(await isHarmless(connection, atFirst)).toBe(true);
    }
    expect(await kindOf(provisioning.runScript('Alpha', sql))).toMatch(/^(syntax|access-denied)$/);
    expect(rawHandle(driver, other).prepare('SELECT * FROM secrets').all([])).toEqual([]);
  });

  it('is refused in a worker as well', async () => {
    const { server, other } = await twoDatabases(driver, '&worker=process');
    const connection = await connect(server, 'Alpha', { timeoutMs: 60_000 });
    for (const text of attacks) {
      const kind = await kindOf(connection.query(text.replaceAll('OTHER', other)));
      expect(kind).not.toBe('no error');
    }
    expect(await connection.currentDatabase()).toBe('Alpha');
  });
});

describe.each(drivers)('what a statement leaves in a handle of %s', (driver) => {
  it.each([
    ['CREATE TEMP TABLE a (b)', false],
    ['CREATE TABLE temp.a (b)', false],
    ['CREATE TEMPORARY VIEW a AS SELECT 1', false],
    ['CREATE/**/"temp".a', true],
    ['PRAGMA temp.user_version = 5', false],
    ['CREATE TABLE a (b)', true],
    ['PRAGMA user_version = 5', true],
  ])('is told by SQLite itself: after %s the next may have it: %s', async (sql, isClean) => {
    for (const run of Object.values(doors)) {
      const { open } = await oneDatabase(driver);
      const connection = await open();
      await kindOf((async () => run(connection, sql))());
      expect(connection.isClean()).toBe(isClean);
    }
  });

  it('is looked at after a statement that failed', async () => {
    const connection = await (await oneDatabase(driver)).open();
    await connection.query('BEGIN');
    await connection.query('CREATE TEMP TABLE a (b)');
    await connection.query('ROLLBACK');
    expect(await kindOf(connection.query('SELECT * FROM a'))).toBe('missing-table');
    expect(connection.isClean()).toBe(false);
  });
});

describe.each(drivers)('our reading of SQL beside that of %s', (driver) => {
  /** Runs a text by the driver alone, whatever it is. */
  const runBare = (handle: DriverHandle, sql: string) => {
    try {
      handle.exec(sql);
    } catch {
      // What SQLite does not take does no harm.
    }
    if (handle.inTransaction) handle.exec('ROLLBACK');
  };

  it('never calls harmless what leaves something behind', () => {
    const folder = temporaryFolder();
    let handle = rawHandle(driver, join(folder, 'raw.sqlite'));
    const atFirst = stateOf(handle);
    let passed = 0;
    fc.assert(
      fc.property(soup, (sql) => {
        let isPlain: boolean;
        try {
          isPlain = checkDriverScript(sql).every((rule) => rule.isPlain);
        } catch {
          return;
        }
        passed++;
        runBare(handle, sql);
        const databases = handle.prepare('PRAGMA database_list').all([]);
        expect(databases.filter(({ name }) => name !== 'main' && name !== 'temp')).toEqual([]);
        if (isPlain) expect(stateOf(handle)).toEqual(atFirst);
        // What another statement leaves is told by SQLite: a new handle for the next.
        else if (JSON.stringify(stateOf(handle)) !== JSON.stringify(atFirst))
          handle = rawHandle(driver, join(folder, 'raw.sqlite'));
        expect(existsSync(join(folder, 'copy'))).toBe(false);
      }),
      { numRuns: 3000 },
    );
    expect(passed).toBeGreaterThan(100);
  });

  it('cuts a script where SQLite does', () => {
    const handle = rawHandle(driver, join(temporaryFolder(), 'raw.sqlite'));
    let compared = 0;
    fc.assert(
      fc.property(soup, (sql) => {
        let texts: readonly string[];
        try {
          texts = checkScript(sql).map(({ text }) => text);
        } catch {
          return;
        }
        for (const text of texts) {
          try {
            // Takes what ends here and nothing else: behind it stands what no statement begins with.
            handle.prepare(`${text}\n;`);
            compared++;
          } catch (error) {
            expect(String(error)).not.toMatch(/more than one statement|no statements/);
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(compared).toBeGreaterThan(50);
  });

  it('sees every function that reaches beyond the database', () => {
    const handle = rawHandle(driver, join(temporaryFolder(), 'raw.sqlite'));
    const names = ['readfile', 'WriteFile', 'sha3_query', 'load_extension', 'fsdir', 'lower'];
    const quotes = [(name: string) => name, (name: string) => `"${name}"`, (name: string) => `[${name}]`];
    const between = fc.constantFrom('', ' ', '/**/', '/*(*/', '--x\n', '\n', '.', "''", '$a', '?');
    const call = fc
      .tuple(fc.constantFrom(...names), fc.constantFrom(...quotes), between, between)
      .map(([name, quoted, before, behind]) => `${before}${quoted(name)}${behind}('a')`);
    const text = fc.tuple(fc.constantFrom('SELECT ', 'SELECT * FROM ', 'SELECT 1, ', 'VALUES '), call);
    let passed = 0;
    fc.assert(
      fc.property(text, ([verb, called]) => {
        const sql = verb + called;
        try {
          checkStatement(sql);
        } catch {
          return;
        }
        let program: Record<string, unknown>[];
        try {
          program = handle.prepare(`EXPLAIN ${sql}`).all([]);
        } catch {
          return;
        }
        passed++;
        expect(program.map(({ p4 }) => String(p4)).join()).not.toMatch(/file\(|query\(|extension\(/i);
        expect(program.map(({ opcode }) => opcode)).not.toContain('VOpen');
      }),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(10);
  });

  it('knows each function and module that it has, or refuses it', () => {
    const handle = rawHandle(driver, join(temporaryFolder(), 'raw.sqlite'));
    const functions = handle.prepare('SELECT DISTINCT name FROM pragma_function_list').all([]);
    const refused = functions
      .map(({ name }) => String(name))
      .filter((name) => isRefused(`SELECT "${name}"(1)`));
    // All that is not here can be called.
    expect(new Set(refused)).toEqual(
      new Set(
        driver === 'libsql'
          ? [
              ...[
                'fts3_tokenizer',
                'load_extension',
                'readfile',
                'sha3_query',
                'sqlite_crypt',
                'sqlite_log',
                'writefile',
              ],
              ...['sqlite3mc_codec_data', 'sqlite3mc_config', 'sqlite3mc_config_table', 'sqlite3mc_version'],
            ]
          : ['fts3_tokenizer', 'load_extension', 'sqlite_log'],
      ),
    );
    const modules = handle.prepare('SELECT name FROM pragma_module_list').all([]);
    const refusedModules = modules
      .map(({ name }) => String(name))
      .filter((name) => isRefused(`SELECT * FROM "${name}"`));
    expect(new Set(refusedModules)).toEqual(new Set(driver === 'libsql' ? ['fsdir', 'sqlite_dbpage'] : []));
  });

  const isRefused = (sql: string): boolean => {
    try {
      checkStatement(sql);
      return false;
    } catch {
      return true;
    }
  };
});

describe.each(drivers)('whatever text comes through a door to %s', (driver) => {
  it('leaves nothing that the next would meet', async () => {
    const { folder, server } = await twoDatabases(driver);
    writeFileSync(join(folder, 'plain'), '');
    const atFirst = await freshState(driver, folder);
    await fc.assert(
      fc.asyncProperty(soup, fc.constantFrom(...Object.values(doors)), async (sql, run) => {
        const connection = await server.open('Alpha', { timeoutMs: 30_000 });
        try {
          await (async () => run(connection, sql))().catch(() => {});
          expect(await isHarmless(connection, atFirst)).toBe(true);
        } finally {
          await connection.close();
        }
      }),
      { numRuns: 600 },
    );
    expect(existsSync('copy')).toBe(false);
  });
});
