import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @typedef {new (...args: unknown[]) => import('../contracts/sqlite.js').SqliteHandle} DatabaseClass */

const requirePackage = createRequire(import.meta.url);

/** Handles that are open in this process, and the most that ever were. */
export const handles = { open: 0, peak: 0 };

/**
 * Puts a trace into the drivers of SQLite, before the library loads one of them: each statement that runs, and the
 * file that SQLite itself says it runs in. The library knows nothing of it: it gets the class by `require`, and
 * what `require` gives is exchanged here.
 *
 * @param {string} file
 * @param {number} processNumber
 */
export function traceSqlite(file, processNumber) {
  const descriptor = openSync(file, 'a');
  let count = 0;
  const write = (/** @type {readonly string[]} */ ...fields) => {
    writeSync(descriptor, `${fields.map((field) => field.replace(/\s+/g, ' ')).join('\t')}\n`);
  };
  for (const name of ['better-sqlite3', 'libsql']) {
    try {
      const path = requirePackage.resolve(name);
      const Database = /** @type {DatabaseClass} */ (requirePackage(name));
      const module = requirePackage.cache[path];
      if (module !== undefined) {
        module.exports = traced(Database, write, () => `${processNumber}:${++count}`);
      }
    } catch {
      // It is not installed, and the library will find that out as well.
    }
  }
}

/**
 * @param {DatabaseClass} Database
 * @param {(...fields: readonly string[]) => void} write
 * @param {() => string} nextSession
 * @returns {DatabaseClass}
 */
function traced(Database, write, nextSession) {
  return class extends Database {
    #session = nextSession();
    #place = '';
    #isOpen = true;

    /** @param {unknown[]} args */
    constructor(...args) {
      super(...args);
      const list = /** @type {{ name: string, file: string }[]} */ (
        super.prepare('PRAGMA database_list').all()
      );
      const file = list.find((entry) => entry.name === 'main')?.file ?? '';
      this.#place = /([^/]*)\.sqlite$/.exec(file)?.[1] ?? '';
      handles.open++;
      handles.peak = Math.max(handles.peak, handles.open);
      write('opened', this.#session, this.#place);
    }

    /** @override @param {string} sql */
    prepare(sql) {
      const statement = super.prepare(sql);
      for (const method of /** @type {const} */ (['all', 'run'])) {
        const run = statement[method].bind(statement);
        statement[method] = (...values) =>
          this.#log(`${sql} ${values.flat().map(String).join(' ')}`, () => run(...values));
      }
      return statement;
    }

    /** @override @param {string} sql */
    exec(sql) {
      return this.#log(sql, () => super.exec(sql));
    }

    /** @override */
    close() {
      if (this.#isOpen) {
        this.#isOpen = false;
        handles.open--;
        write('closed', this.#session);
      }
      return super.close();
    }

    /**
     * One that waits for a lock has not run: it is tried again.
     *
     * @template T
     * @param {string} sql
     * @param {() => T} run
     * @returns {T}
     */
    #log(sql, run) {
      try {
        const result = run();
        write('statement', this.#session, this.#place, sql);
        return result;
      } catch (error) {
        const { code } = /** @type {{ code?: unknown }} */ (error);
        if (!String(code).startsWith('SQLITE_BUSY')) write('statement', this.#session, this.#place, sql);
        throw error;
      }
    }
  };
}
