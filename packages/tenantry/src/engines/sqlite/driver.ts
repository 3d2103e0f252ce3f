import { createRequire } from 'node:module';
import { outOfResources } from '../../engine/lazy-package.js';
import { DriverMissingError, InvalidOptionError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';
import type { DatabaseClass, DriverHandle } from './driver-handle.js';
import { learnFunctions } from './functions.js';
import { collectClosed, LibsqlHandle } from './libsql-handle.js';

/** The packages that can bring SQLite, in the order in which they are tried. */
const driverNames = ['better-sqlite3', 'libsql'] as const;

/** A package that brings SQLite. */
export type DriverName = (typeof driverNames)[number];

/** A driver that loads. */
export interface Driver {
  readonly name: DriverName;
  /** Awaited before {@link open}, so that what was closed really is. */
  settle?(): Promise<void>;
  /** Opens a file that exists; never makes one. The path is absolute. */
  open(file: string): DriverHandle;
}

const requirePackage: (name: string) => unknown = createRequire(import.meta.url);
const loaded = new Map<DriverName, Driver | Error>();

/**
 * The driver that was asked for, by the URL or by `TENANTRY_SQLITE_DRIVER`; else the first that is
 * installed and loads. A package that is installed may still not load, for want of a binary.
 *
 * @throws DriverMissingError (`TENANTRY_DRIVER_MISSING`), InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function findDriver(
  wanted?: DriverName,
  load: (name: DriverName) => Driver | Error = loadOnce,
  fromEnvironment: string | undefined = process.env.TENANTRY_SQLITE_DRIVER,
): Driver {
  const names = wanted === undefined ? namesFrom(fromEnvironment) : [wanted];
  const failures: string[] = [];
  for (const name of names) {
    const driver = load(name);
    if (!(driver instanceof Error)) return driver;
    const exhausted = outOfResources(driver, `The package ${name} could not be loaded`);
    if (exhausted !== undefined) throw exhausted;
    failures.push(`${name}: ${firstLine(driver)}`);
  }
  throw new DriverMissingError(`SQLite needs a driver, and none could be loaded (${failures.join('; ')}).`, {
    hint:
      names.length > 1
        ? 'Install one: npm install better-sqlite3, or, where that finds no binary and no compiler, npm install libsql'
        : `Install it: npm install ${names[0]}; or let tenantry choose another.`,
  });
}

/** The drivers that are installed and load. */
export function availableDrivers(): readonly DriverName[] {
  return driverNames.filter((name) => !(loadOnce(name) instanceof Error));
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`); `origin` begins its message. */
export function assertDriverName(name: string, origin: string): asserts name is DriverName {
  if ((driverNames as readonly string[]).includes(name)) return;
  throw new InvalidOptionError(`${origin}${quoteForMessage(name)}.`, {
    hint: `Known are: ${driverNames.join(', ')}.`,
  });
}

function namesFrom(environment: string | undefined): readonly DriverName[] {
  if (environment === undefined || environment === '') return driverNames;
  assertDriverName(environment, 'The environment has TENANTRY_SQLITE_DRIVER=');
  return [environment];
}

function loadOnce(name: DriverName): Driver | Error {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const driver = load(name);
  // A driver that could not be loaded for want of a free file may be had later.
  if (!(driver instanceof Error) || outOfResources(driver, name) === undefined) loaded.set(name, driver);
  return driver;
}

function load(name: DriverName): Driver | Error {
  try {
    const Database = requirePackage(name) as DatabaseClass;
    // better-sqlite3 looks for its binary only now.
    const handle = new Database(':memory:', { timeout: 0, fileMustExist: false });
    learnFunctions(handle);
    handle.close();
    return name === 'libsql' ? libsql(Database) : betterSqlite3(Database);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function betterSqlite3(Database: DatabaseClass): Driver {
  return { name: 'better-sqlite3', open: (file) => new Database(file, { timeout: 0, fileMustExist: true }) };
}

function libsql(Database: DatabaseClass): Driver {
  return { name: 'libsql', settle: collectClosed, open: (file) => new LibsqlHandle(Database, file) };
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0] ?? '';
}
