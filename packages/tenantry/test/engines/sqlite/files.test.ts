import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { connect, drivers, kindOf, oneDatabase, serverOn, temporaryFolder } from './fixture.js';

describe.each(drivers)('a database file, through %s', (driver) => {
  it('that is missing is never made by opening it', async () => {
    const folder = temporaryFolder();
    const opening = serverOn(folder, driver).open('Alpha', { timeoutMs: 1000 });
    expect(await kindOf(opening)).toBe('unknown-database');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that is missing is made where that is asked for, and found the next time', async () => {
    const folder = temporaryFolder();
    const server = serverOn(folder, driver);
    const first = await connect(server, 'Alpha', { create: true });
    await first.query('CREATE TABLE t (a)');
    const second = await connect(server, 'Alpha', { create: true });
    expect((await second.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 0 }]);
  });

  it('is not made beside one whose name differs only in case', async () => {
    const { folder, server } = await oneDatabase(driver);
    expect(await kindOf(server.open('ALPHA', { timeoutMs: 1000, create: true }))).toBe('unknown-database');
    expect(readdirSync(folder).filter((name) => name.endsWith('.sqlite'))).toEqual(['Alpha.sqlite']);
  });

  it('of a folder that is missing is missing too, and looking does not make the folder', async () => {
    const folder = join(temporaryFolder(), 'deep', 'er');
    const server = serverOn(folder, driver);
    expect(await kindOf(server.open('Alpha', { timeoutMs: 1000 }))).toBe('unknown-database');
    expect(await kindOf(server.open('Alpha', { timeoutMs: 1000, create: true }))).toBe('unknown-database');
    await (await server.provisioning()).createDatabase('Alpha');
    expect((await connect(server, 'Alpha')).isAlive()).toBe(true);
  });

  it('may lie in a folder with any name', async () => {
    const folder = join(temporaryFolder(), 'a b%41?x#y&z=ü');
    const server = serverOn(temporaryFolder(), driver);
    const odd = server.engine.server({ ...server.address, folder });
    await (await odd.provisioning()).createDatabase('Alpha');
    expect(await (await connect(odd, 'Alpha')).currentDatabase()).toBe('Alpha');
    expect(readdirSync(folder)).toContain('Alpha.sqlite');
  });

  it('is not followed through a symbolic link, out of the folder or within it', async () => {
    const { folder, server } = await oneDatabase(driver);
    const outside = join(temporaryFolder(), 'Other.sqlite');
    writeFileSync(outside, '');
    symlinkSync(outside, join(folder, 'Out.sqlite'));
    symlinkSync(join(folder, 'Alpha.sqlite'), join(folder, 'Within.sqlite'));
    symlinkSync(join(folder, 'Nowhere.sqlite'), join(folder, 'Dangling.sqlite'));
    for (const name of ['Out', 'Within', 'Dangling']) {
      expect(await kindOf(server.open(name, { timeoutMs: 1000 }))).toBe('unknown-database');
      expect(await kindOf(server.open(name, { timeoutMs: 1000, create: true }))).not.toBe('no error');
    }
    expect(readdirSync(folder)).not.toContain('Nowhere.sqlite');
  });

  it('that is a folder, or no database, is refused', async () => {
    const { folder, server } = await oneDatabase(driver);
    mkdirSync(join(folder, 'Dir.sqlite'));
    writeFileSync(join(folder, 'Text.sqlite'), 'This is no database, whatever it is called. '.repeat(50));
    await expect(server.open('Dir', { timeoutMs: 1000 })).rejects.toThrow();
    await expect(server.open('Text', { timeoutMs: 1000 })).rejects.toThrow();
  });

  it('is never found, made or dropped outside its folder, whatever the name', async () => {
    const outer = temporaryFolder();
    const folder = join(outer, 'inner');
    const server = serverOn(folder, driver);
    const provisioning = await server.provisioning();
    await provisioning.createDatabase('Alpha');
    writeFileSync(join(outer, 'Secret.sqlite'), '');
    const part = fc.constantFrom(
      '..',
      '../',
      './',
      '.',
      '/',
      '\\',
      '\0',
      'file:',
      ':memory:',
      '?mode=rwc',
      '%2f',
      '%2e',
      'Secret',
      'Alpha',
      '.sqlite',
      ' ',
      '\n',
      'é',
      '*',
      ':',
      '~',
      '',
    );
    const hostile = fc
      .array(part, { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join(''))
      .filter((name) => name !== 'Alpha');
    await fc.assert(
      fc.asyncProperty(hostile, async (name) => {
        const opening = server.open(name, { timeoutMs: 1000 });
        await expect(opening).rejects.toThrow();
        await provisioning.createDatabase(name).catch(() => {});
        await provisioning.dropDatabase(name).catch(() => {});
        expect(readdirSync(outer).sort()).toEqual(['Secret.sqlite', 'inner']);
        expect(readdirSync(folder)).toContain('Alpha.sqlite');
      }),
      {
        numRuns: 150,
        examples: [
          ['../Secret'],
          ['./Alpha'],
          ['x/../Alpha'],
          ['../inner/Alpha'],
          [join(outer, 'Secret')],
          ['..'],
        ],
      },
    );
  });
});

describe.each(drivers)('a connection to a file that went away, through %s', (driver) => {
  it('is not alive once the file was deleted, and runs nothing more', async () => {
    const { open, provisioning } = await oneDatabase(driver);
    const connection = await open();
    expect(connection.isAlive()).toBe(true);
    await provisioning.dropDatabase('Alpha');
    expect(connection.isAlive()).toBe(false);
    expect(connection.isClean()).toBe(false);
    await expect(connection.query('SELECT 1')).rejects.toBeInstanceOf(NotSentError);
  });

  it('is not alive once the file was replaced, and leaves the new one alone', async () => {
    const { folder, open, provisioning } = await oneDatabase(driver);
    const stale = await open();
    await stale.query('CREATE TABLE old (a)');
    await provisioning.createDatabase('Beta');
    await provisioning.runScript('Beta', 'CREATE TABLE new (a); INSERT INTO new VALUES (1);');
    for (const suffix of ['-wal', '-shm']) rmSync(join(folder, `Alpha.sqlite${suffix}`), { force: true });
    renameSync(join(folder, 'Beta.sqlite'), join(folder, 'Alpha.sqlite'));
    for (const suffix of ['-wal', '-shm']) {
      if (readdirSync(folder).includes(`Beta.sqlite${suffix}`)) {
        renameSync(join(folder, `Beta.sqlite${suffix}`), join(folder, `Alpha.sqlite${suffix}`));
      }
    }
    const lost: Error[] = [];
    stale.onLost((error) => lost.push(error));
    await expect(stale.ping()).rejects.toThrow(/deleted or replaced/);
    expect(lost).toHaveLength(1);
    expect(stale.isAlive()).toBe(false);
    expect((await (await open()).query('SELECT a FROM new')).rows).toEqual([{ a: 1 }]);
  });
});
