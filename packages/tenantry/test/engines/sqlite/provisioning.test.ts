import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drivers, kindOf, oneDatabase, serverOn, temporaryFolder } from './fixture.js';

describe.each(drivers)('a folder of databases, through %s', (driver) => {
  it('holds nothing while it is missing', async () => {
    const provisioning = await serverOn(join(temporaryFolder(), 'none'), driver).provisioning();
    expect(await provisioning.listDatabases()).toEqual([]);
    expect(await provisioning.databaseExists('Alpha')).toBe(false);
    await provisioning.dropDatabase('Alpha');
  });

  it('takes no two names that differ only in case', async () => {
    const { provisioning } = await oneDatabase(driver);
    expect(await kindOf(provisioning.createDatabase('Alpha'))).toBe('database-exists');
    expect(await kindOf(provisioning.createDatabase('ALPHA'))).toBe('database-exists');
    expect(await provisioning.databaseExists('ALPHA')).toBe(false);
    expect(await provisioning.listDatabases()).toEqual(['Alpha']);
  });

  it('drops a database with everything that SQLite put beside it, and no other', async () => {
    const { folder, open, provisioning } = await oneDatabase(driver);
    const connection = await open();
    await connection.query('CREATE TABLE t (a)');
    expect(existsSync(join(folder, 'Alpha.sqlite-wal'))).toBe(true);
    await provisioning.createDatabase('Alpha2');
    await provisioning.dropDatabase('ALPHA');
    expect(await provisioning.databaseExists('Alpha')).toBe(true);
    await provisioning.dropDatabase('Alpha');
    expect(readdirSync(folder).filter((name) => !name.startsWith('Alpha2'))).toEqual([]);
  });

  it('makes a database that what was left of an earlier one cannot show through', async () => {
    const { folder, provisioning, open } = await oneDatabase(driver);
    writeFileSync(join(folder, 'Beta.sqlite-wal'), 'left behind '.repeat(5000));
    await provisioning.createDatabase('Beta');
    expect(await provisioning.isEmpty('Beta')).toBe(true);
    expect((await open()).isAlive()).toBe(true);
  });

  it('knows a database as empty that holds only our own tables', async () => {
    const { provisioning } = await oneDatabase(driver);
    const first = { incarnation: 'here', tenantId: 'a', epoch: 1, fence: 1, state: 'creating' } as const;
    const second = { ...first, epoch: 2, state: 'active' } as const;
    expect(await provisioning.readIdentity('Alpha')).toBeUndefined();
    await provisioning.changeIdentity('Alpha', undefined, first);
    await provisioning.changeIdentity('Alpha', first, second);
    expect(await provisioning.readIdentity('Alpha')).toEqual(second);
    expect(await provisioning.isEmpty('Alpha')).toBe(true);
    await provisioning.runScript('Alpha', 'CREATE TABLE tenantryx (a)');
    expect(await provisioning.isEmpty('Alpha')).toBe(false);
  });

  it('runs a script with triggers, comments and pragmas statement by statement', async () => {
    const { provisioning, open } = await oneDatabase(driver);
    await provisioning.runScript(
      'Alpha',
      `PRAGMA foreign_keys = OFF;
       -- a comment; with a semicolon
       CREATE TABLE t (a TEXT, b TEXT DEFAULT ';');
       CREATE TRIGGER tr AFTER INSERT ON t WHEN new.b = ';' BEGIN
         UPDATE t SET b = CASE WHEN new.a = 'x' THEN 'END;' ELSE b END WHERE rowid = new.rowid;
         SELECT 1;
       END;
       /* ; */ INSERT INTO t (a) VALUES ('x'), ('y;');;`,
    );
    expect((await (await open()).query('SELECT a, b FROM t')).rows).toEqual([
      { a: 'x', b: 'END;' },
      { a: 'y;', b: ';' },
    ]);
  });

  it.each([
    "CREATE TABLE t (a); ATTACH 'other.sqlite' AS other;",
    "CREATE TABLE t (a); CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END; ATTACH 'other.sqlite' AS other;",
    "CREATE TABLE t (a); VACUUM INTO 'other.sqlite'",
    'CREATE TABLE t (a); PRAGMA busy_timeout = 60000',
  ])('runs nothing of a script that holds a statement it refuses: %s', async (script) => {
    const { provisioning } = await oneDatabase(driver);
    expect(await kindOf(provisioning.runScript('Alpha', script))).toBe('access-denied');
    expect(await provisioning.isEmpty('Alpha')).toBe(true);
  });

  it('stops a script at its first error, and takes back a transaction that it left open', async () => {
    const { provisioning, open } = await oneDatabase(driver);
    expect(
      await kindOf(
        provisioning.runScript('Alpha', 'CREATE TABLE t (a); SELECT * FROM nope; CREATE TABLE u (a)'),
      ),
    ).toBe('missing-table');
    await expect(provisioning.runScript('Alpha', 'BEGIN; INSERT INTO t VALUES (1)')).rejects.toThrow(
      /rolled back/,
    );
    expect((await (await open()).query('SELECT (SELECT count(*) FROM t) AS rows')).rows).toEqual([
      { rows: 0 },
    ]);
  });

  it('stops where the caller gave up', async () => {
    const { provisioning } = await oneDatabase(driver);
    const signal = AbortSignal.abort();
    expect(await kindOf(provisioning.createDatabase('Beta', { signal }))).toBe('cancelled');
    expect(await kindOf(provisioning.runScript('Alpha', 'SELECT 1', { signal }))).toBe('cancelled');
    expect(await provisioning.listDatabases()).toEqual(['Alpha']);
  });
});
