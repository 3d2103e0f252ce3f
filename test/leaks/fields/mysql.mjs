import mysql from 'mysql2/promise';
import { startMariadb } from '../../servers/mariadb.mjs';
import { LogFile } from './log-file.mjs';

/** @typedef {import('../contracts.js').LogEvent} LogEvent */

const LINE = /^(?:\d{6} +\d+:\d\d:\d\d|\t)\t *(\d+) (Connect|Init DB|Query|Execute|Change user|Quit)\t(.*)$/;
const CONNECTED = /^\S+ on (\S*) using /;
const USED = /^USE `?([^`\s]+)`?$/i;

/**
 * A private MariaDB with its general log on.
 *
 * @param {import('../../servers/group.mjs').ServerGroup} group
 * @returns {Promise<import('../contracts.js').Field>}
 */
export async function openField(group) {
  const server = await startMariadb(group, { settings: ['--general-log=1', '--max-connections=2000'] });
  const { hostname, port } = new URL(server.tcpUrl);
  const admin = await mysql.createConnection({ host: hostname, port: Number(port), user: 'root' });
  const log = new LogFile(server.logFile);
  const rows = async (/** @type {string} */ sql, /** @type {string[]} */ params = []) => {
    const [result] = await admin.query(sql, params);
    return /** @type {import('../contracts.js').Row[]} */ (Array.isArray(result) ? result : []);
  };
  const name = (/** @type {string} */ place) => mysql.escapeId(place, true);
  return {
    url: server.tcpUrl,
    hasNetwork: true,
    moves: true,
    catalog: (database) => `${server.tcpUrl}${database}`,
    log: async () => (await log.newLines()).flatMap(readLine),
    async entries(place) {
      const found = await rows(`SELECT request, tenant FROM ${name(place)}.entries`);
      return found.map(({ request, tenant }) => ({ request: String(request), tenant: String(tenant) }));
    },
    async prepare(names) {
      for (const role of names) await rows(`CREATE ROLE IF NOT EXISTS ${name(role)}`);
    },
    async forge(place, forgery) {
      const table = `${name(place)}.tenantry_identity`;
      if (forgery === 'gone') await rows(`DELETE FROM ${table}`);
      else if ('epoch' in forgery) await rows(`UPDATE ${table} SET epoch = ?`, [String(forgery.epoch)]);
      else await rows(`UPDATE ${table} SET tenant_id = ?`, [forgery.tenantId]);
    },
    async sessions(places) {
      const found = await rows(
        'SELECT id, db, command FROM information_schema.processlist WHERE id <> CONNECTION_ID()',
      );
      return found
        .map(({ id, db, command }) => ({
          id: String(id),
          place: String(db ?? ''),
          busy: command === 'Query',
        }))
        .filter(({ place }) => places.has(place));
    },
    async kill(id) {
      await rows(`KILL ${Number(id)}`).catch(ignoreAlreadyGone);
    },
    async drop(places) {
      for (const place of places) await rows(`DROP DATABASE IF EXISTS ${name(place)}`);
    },
    close: () => admin.end(),
  };
}

/**
 * @param {string} line
 * @returns {LogEvent[]}
 */
function readLine(line) {
  const [, session = '', command = '', text = ''] = LINE.exec(line) ?? [];
  switch (command) {
    case 'Connect':
    case 'Change user':
      return [{ type: 'opened', session, database: CONNECTED.exec(text)?.[1] || undefined }];
    case 'Init DB':
      return [{ type: 'moved', session, database: text }];
    case 'Quit':
      return [{ type: 'closed', session }];
    case 'Query': {
      const [, moved] = USED.exec(text.replace(/--.*/, '').trim()) ?? [];
      /** @type {LogEvent} */
      const statement = { type: 'statement', session, text };
      return moved === undefined ? [statement] : [statement, { type: 'moved', session, database: moved }];
    }
    // With its values in the text.
    case 'Execute':
      return [{ type: 'statement', session, text }];
    default:
      return [];
  }
}

function ignoreAlreadyGone() {}
