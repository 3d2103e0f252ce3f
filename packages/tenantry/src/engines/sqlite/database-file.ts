import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors.js';
import { codeOf, SqliteEngineError } from './errors.js';

/**
 * Database files: names, paths, making and finding. Synchronous where a file is opened and closed:
 * closing any descriptor of a file drops the whole process's locks on it, SQLite's own included, so
 * nothing else may come between.
 */

const SUFFIX = '.sqlite';

/** What SQLite puts beside a database file. */
export const companionSuffixes = ['-wal', '-shm', '-journal'] as const;

/** Which file it is, whatever it is called: it changes when a file is replaced. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
}

const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,125}[A-Za-z0-9_-])?$/;

/** @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for a name that could lead out of the folder. */
export function assertDatabaseName(name: string): void {
  if (NAME.test(name) && !name.includes('..')) return;
  throw new InvalidInputError(
    `${JSON.stringify(name.slice(0, 80))} cannot be the name of a SQLite database.`,
    {
      hint: 'Use 1 to 127 ASCII letters, digits, "_", "-" and single ".", beginning with a letter, a digit or "_".',
    },
  );
}

/**
 * The folder as the file system itself calls it. A folder is made with its first database, so one that
 * is not there holds none: it rejects with kind `unknown-database`, not `unreachable`.
 */
export function realFolder(folder: string): string {
  try {
    const real = realpathSync.native(folder);
    if (statSync(real).isDirectory()) return real;
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw new SqliteEngineError('unknown-database', `There is no folder ${folder}.`, { cause });
  }
  throw new SqliteEngineError('unreachable', `${folder} is not a folder.`);
}

/** Where a database's file is, whether or not it is there. `folder` is a real path. */
export function databasePath(folder: string, name: string): string {
  assertDatabaseName(name);
  return join(folder, name + SUFFIX);
}

/** The database's name in a path that {@link databasePath} made in that folder, or undefined. */
export function databaseNameOf(folder: string, path: string): string | undefined {
  const name = path.slice(folder.length + 1, -SUFFIX.length);
  return path === join(folder, name + SUFFIX) ? name : undefined;
}

/** The databases of a folder in their exact case; none if there is no folder. */
export function databasesIn(folder: string): string[] {
  const names: string[] = [];
  for (const entry of entriesOf(folder)) {
    const name = entry.endsWith(SUFFIX) ? entry.slice(0, -SUFFIX.length) : '';
    if (NAME.test(name) && !name.includes('..')) names.push(name);
  }
  return names.sort();
}

/**
 * Which file a path leads to: a plain file under exactly this path, no symbolic link, and in this
 * case on a file system that folds it. Fails with kind `unknown-database` if there is none.
 */
export function identifyFile(path: string): FileIdentity {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isSymbolicLink() || realpathSync.native(path) !== path) {
    throw new SqliteEngineError(
      'unknown-database',
      `There is no database file ${path} (symbolic links are not followed).`,
    );
  }
  if (!status.isFile()) throw new SqliteEngineError('unreachable', `${path} is not a file.`);
  return { device: status.dev, inode: status.ino };
}

/** Whether a file has another name as well: SQLite's locks and logs go by names, so it would be damaged by the two. */
export function hasOtherNames(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.nlink ?? 1) > 1;
}

/** Whether a path still leads to the same file. Costs 3 to 5 µs. */
export function isSameFile(path: string, file: FileIdentity): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && status.ino === file.inode && status.dev === file.device;
}

/**
 * Makes an empty database file, durably. Fails with kind `database-exists` if it is there, or if
 * one is there whose name differs only in case.
 */
export function createFile(folder: string, name: string): void {
  const path = databasePath(folder, name);
  const key = name.toLowerCase();
  const twin = databasesIn(folder).find((other) => other.toLowerCase() === key);
  if (twin !== undefined) {
    throw new SqliteEngineError('database-exists', `There is a database ${twin} in ${folder} already.`);
  }
  const descriptor = openSync(path, 'wx', 0o644);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncFolder(folder);
}

/** Makes a change of a folder's entries durable. */
export function syncFolder(folder: string): void {
  // Windows cannot open a folder, and needs no such thing.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
