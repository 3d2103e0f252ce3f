import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/engine/address.js';
import { type Driver, type DriverName, findDriver } from '../../../src/engines/sqlite/driver.js';
import { sqlite } from '../../../src/engines/sqlite/index.js';
import { drivers, temporaryFolder } from './fixture.js';

const missing = new Error('Cannot find module\nRequire stack: ...');
const broken = new Error('Could not locate the bindings file. Tried:\n ...');

/** A machine where some drivers load and the others fail in a given way. */
function machine(found: Partial<Record<DriverName, Error>>) {
  return (name: DriverName): Driver | Error =>
    found[name] ?? {
      name,
      open: () => {
        throw new Error('not opened here');
      },
    };
}

describe('the driver of SQLite', () => {
  it('is there on the machine that runs these tests', () => {
    expect(drivers.length).toBeGreaterThan(0);
  });

  it('is better-sqlite3 where that loads', () => {
    expect(findDriver(undefined, machine({}), '').name).toBe('better-sqlite3');
  });

  it('is libsql where better-sqlite3 is installed and has no binary', () => {
    expect(findDriver(undefined, machine({ 'better-sqlite3': broken }), '').name).toBe('libsql');
  });

  it('is the one that the URL names, before the one that the environment names', () => {
    expect(findDriver('libsql', machine({}), 'better-sqlite3').name).toBe('libsql');
    expect(findDriver(undefined, machine({}), 'libsql').name).toBe('libsql');
  });

  it('is never another than the one that was asked for', () => {
    expect(() => findDriver('libsql', machine({ libsql: missing }))).toThrow(
      expect.objectContaining({
        code: 'TENANTRY_DRIVER_MISSING',
        hint: expect.stringContaining('npm install libsql'),
      }),
    );
  });

  it('missing altogether, says what to install and why each failed', () => {
    expect(() => findDriver(undefined, machine({ 'better-sqlite3': broken, libsql: missing }), '')).toThrow(
      expect.objectContaining({
        code: 'TENANTRY_DRIVER_MISSING',
        message: expect.stringMatching(/better-sqlite3: Could not locate.*libsql: Cannot find module\)/),
        hint: expect.stringContaining('npm install'),
      }),
    );
  });

  it('cannot be one that nobody knows', () => {
    expect(() => findDriver(undefined, machine({}), 'sqlite3')).toThrow(
      expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
    );
    expect(() => sqlite.server(parseAddress('sqlite:./x?driver=sqlite3'))).toThrow(
      expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
    );
  });
});

describe.each(drivers)('the driver %s', (name) => {
  it('never makes a file that is missing, whatever it was told by others', () => {
    const folder = temporaryFolder();
    expect(() => findDriver(name).open(join(folder, 'Alpha.sqlite'))).toThrow(
      expect.objectContaining({ code: 'SQLITE_CANTOPEN' }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses everything once closed, and survives being asked', () => {
    const file = join(temporaryFolder(), 'Alpha.sqlite');
    writeFileSync(file, '');
    const handle = findDriver(name).open(file);
    handle.close();
    handle.close();
    expect(handle.inTransaction).toBe(false);
    expect(() => handle.prepare('SELECT 1')).toThrow(/not open/);
    expect(() => handle.exec('SELECT 1')).toThrow(/not open/);
  });
});

describe('the parameters of a SQLite URL', () => {
  it.each([
    '?mode=memory',
    '?busyTimeoutMs=-1',
    '?busyTimeoutMs=1e3',
    '?busyTimeoutMs=600001',
    '?busyTimeoutMs=',
  ])('%s is refused', (query) => {
    expect(() => sqlite.server(parseAddress(`sqlite:./x${query}`))).toThrow(
      expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
    );
  });
});
