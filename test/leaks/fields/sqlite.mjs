import { appendFile, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LogFile } from './log-file.mjs';

/** @typedef {import('../contracts/field.js').LogEvent} LogEvent */
/** @typedef {import('../../../packages/tenantry/src/index.js').Row} Row */
/** @typedef {{ prepare(sql: string): { all(...params: unknown[]): Row[], run(...params: unknown[]): unknown }, close(): void }} Handle */

const requirePackage = createRequire(import.meta.url);

/**
 * A folder of files. No server logs what is done to them, so the hunters trace their driver's calls (see
 * hunter/sqlite-trace.mjs); nobody can end their handles from outside, and no proxy is in between.
 *
 * @param {import('../../servers/group.mjs').ServerGroup} group
 * @param {readonly string[]} traceFiles
 * @returns {Promise<import('../contracts/field.js').Field>}
 */
export async function openField(group, traceFiles) {
  const folder = join(group.directory, 'sqlite-hunt');
  await mkdir(folder, { recursive: true });
  for (const file of traceFiles) await appendFile(file, '');
  const Database = findDriver();
  const logs = traceFiles.map((file) => new LogFile(file));
  /** @type {<T>(place: string, work: (handle: Handle) => T) => T} */
  const within = (place, work) => {
    const handle = new Database(join(folder, `${place}.sqlite`), { timeout: 10_000 });
    try {
      return work(handle);
    } finally {
      handle.close();
    }
  };
  return {
    // Rather wait than fail: how long another process may write on a busy machine is not the question here.
    url: `sqlite:${encodeURI(folder)}?busyTimeoutMs=60000`,
    hasNetwork: false,
    moves: false,
    catalog: (database) => `sqlite:${encodeURI(folder)}?busyTimeoutMs=60000&database=${database}`,
    log: async () => (await Promise.all(logs.map((log) => log.newLines()))).flat().flatMap(readLine),
    entries: async (place) =>
      within(place, (handle) =>
        handle
          .prepare('SELECT request, tenant FROM entries')
          .all()
          .map(({ request, tenant }) => ({ request: String(request), tenant: String(tenant) })),
      ),
    prepare: async () => {},
    owner: async (place) =>
      within(place, (handle) => {
        const [found] = handle.prepare('SELECT tenant_id FROM tenantry_identity').all();
        return found && String(found.tenant_id);
      }),
    forge: async (place, forgery) =>
      within(place, (handle) => {
        if (forgery === 'gone') handle.prepare('DELETE FROM tenantry_identity').run();
        else handle.prepare(`UPDATE tenantry_identity SET ${forgery.column} = ?`).run(forgery.value);
      }),
    sessions: async () => [],
    activity: async () => [],
    kill: async () => {},
    drop: async (places) => {
      for (const place of places) {
        for (const suffix of ['', '-wal', '-shm', '-journal']) {
          await rm(join(folder, `${place}.sqlite${suffix}`), { force: true });
        }
      }
    },
    close: async () => {},
  };
}

/** @returns {new (file: string, options: { timeout: number }) => Handle} */
function findDriver() {
  for (const name of ['better-sqlite3', 'libsql']) {
    try {
      const Database = requirePackage(name);
      new Database(':memory:').close();
      return Database;
    } catch {
      // Not installed, or without its binary; the other one may be there.
    }
  }
  throw new Error('No driver of SQLite is installed; npm install brings libsql.');
}

/**
 * @param {string} line
 * @returns {LogEvent[]}
 */
function readLine(line) {
  const [type, session = '', database = '', text = ''] = line.split('\t');
  switch (type) {
    case 'opened':
      return [{ type, session, database }];
    case 'closed':
      return [{ type, session }];
    case 'statement':
      return [{ type, session, database, text }];
    default:
      return [];
  }
}
