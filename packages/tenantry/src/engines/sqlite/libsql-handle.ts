import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DatabaseClass, DriverHandle, DriverStatement } from './driver-handle.js';

/**
 * How many closed handles may wait for the garbage collector before it is called. Each still holds
 * its file descriptors (two, and one more per file).
 */
const MAX_UNCOLLECTED = 64;

let uncollected = 0;

/**
 * libsql's handle, made to behave like better-sqlite3's: it opens only what exists, and is not asked
 * for anything once closed (libsql 0.5 ends the process over `inTransaction` then, and goes on running
 * statements).
 */
export class LibsqlHandle implements DriverHandle {
  #database: DriverHandle | undefined;
  #prepared = false;

  constructor(Database: DatabaseClass, file: string) {
    // libsql ignores `fileMustExist`; SQLite's own URI asks for the same, and escapes what the path holds.
    const uri = `${pathToFileURL(file).href}?mode=rw`;
    try {
      this.#database = new Database(uri, { timeout: 0, fileMustExist: true });
    } catch (cause) {
      // Its error has no code, and the reason only in its text.
      throw Object.assign(new Error('unable to open database file', { cause }), { code: 'SQLITE_CANTOPEN' });
    }
  }

  get inTransaction(): boolean {
    return this.#database?.inTransaction ?? false;
  }

  prepare(sql: string): DriverStatement {
    const statement = this.#open().prepare(sql);
    this.#prepared = true;
    return statement;
  }

  exec(sql: string): void {
    this.#open().exec(sql);
  }

  /**
   * Closes. libsql 0.5 keeps the file open until the last prepared statement was garbage-collected,
   * which it does not hurry: see {@link collectClosed}.
   */
  close(): void {
    this.#database?.close();
    this.#database = undefined;
    if (!this.#prepared) return;
    this.#prepared = false;
    if (++uncollected >= MAX_UNCOLLECTED) setImmediate(() => void collectClosed()).unref();
  }

  #open(): DriverHandle {
    if (this.#database !== undefined) return this.#database;
    throw new TypeError('The database connection is not open');
  }
}

/**
 * So that file descriptors do not run out: where many closed handles wait for the collector, calls it and
 * lets a turn of the event loop go by, in which it closes their files. Awaited before another is opened.
 */
export async function collectClosed(): Promise<void> {
  if (uncollected < MAX_UNCOLLECTED) return;
  uncollected = 0;
  collectGarbage();
  await new Promise((resolve) => setImmediate(resolve));
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  if (typeof collect === 'function') collect();
}
