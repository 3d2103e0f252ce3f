import mysql from 'mysql2/promise';
import { startMariadb } from '../../servers/mariadb.mjs';
import { DICE, throwsOf } from '../dialects/marks.mjs';
import { seeding } from '../dialects/mysql-behind.mjs';
import { SECRET } from '../places.mjs';
import { LogFile } from './log-file.mjs';

/** @typedef {import('../contracts/field.js').LogEvent} LogEvent */

const LINE = /^(?:\d{6} +\d+:\d\d:\d\d|\t)\t *(\d+) (Connect|Init DB|Query|Execute|Change user|Quit)\t(.*)$/;
const USER = 'hunt_app';
const CONNECTED = /^\S+ on (\S*) using /;
const USED = /^USE `?([^`\s]+)`?$/i;

/**
 * A private MariaDB with its general log on.
 *
 * @param {import('../../servers/group.mjs').ServerGroup} group
 * @returns {Promise<import('../contracts/field.js').Field>}
 */
export async function openField(group) {
  const server = await startMariadb(group, { settings: ['--general-log=1', '--max-connections=2000'] });
  const { hostname, port } = new URL(server.tcpUrl);
  const admin = await mysql.createConnection({ host: hostname, port: Number(port), user: 'root' });
  const log = new LogFile(server.logFile);
  const rows = async (/** @type {string} */ sql, /** @type {string[]} */ params = []) => {
    const [result] = await admin.query(sql, params);
    return /** @type {import('../../../packages/tenantry/src/index.js').Row[]} */ (
      Array.isArray(result) ? result : []
    );
  };
  const name = (/** @type {string} */ place) => mysql.escapeId(place, true);
  // No administrator, so that a server that takes no writes takes none of tenants either.
  await rows(`CREATE USER ${USER} IDENTIFIED BY '${SECRET}'`);
  await rows(`GRANT ALL ON *.* TO ${USER} WITH GRANT OPTION`);
  await rows(`REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM ${USER}`);
  const url = new URL(server.tcpUrl);
  url.username = USER;
  url.password = SECRET;
  return {
    url: url.href,
    hasNetwork: true,
    moves: true,
    catalog: (database) => `${url.href}${database}`,
    log: async () => (await log.newLines()).flatMap(readLine),
    async entries(place) {
      const found = await rows(`SELECT request, tenant FROM ${name(place)}.entries`);
      return found.map(({ request, tenant }) => ({ request: String(request), tenant: String(tenant) }));
    },
    async prepare(names) {
      for (const role of names) {
        await rows(`CREATE ROLE IF NOT EXISTS ${name(role)}`);
        await rows(`GRANT ${name(role)} TO ${USER}`);
      }
    },
    async dice(seeds) {
      const dice = [];
      for (const seed of seeds) {
        await rows(seeding(seed));
        /** @type {unknown[]} */
        const numbers = [];
        while (numbers.length < DICE.throws) {
          const [thrown] = await rows('SELECT RAND() AS value');
          numbers.push(thrown?.value);
        }
        dice.push(...throwsOf(seed, numbers));
      }
      return dice;
    },
    async prepared() {
      return (await rows('XA RECOVER')).map(({ data }) => {
        const [request = '', tenant = ''] = String(data).split(' ');
        return { request, tenant };
      });
    },
    async rollBack({ request, tenant }) {
      // Where its session is still there, nobody else may end it.
      await rows(`XA ROLLBACK '${request} ${tenant}'`).catch(ignoreAlreadyGone);
    },
    async setReadOnly(isReadOnly) {
      // It waits for whoever is writing, and whoever wants to write waits for it.
      const sql = `SET STATEMENT lock_wait_timeout = 1 FOR SET GLOBAL read_only = ${isReadOnly ? 'ON' : 'OFF'}`;
      return rows(sql).then(
        () => true,
        () => false,
      );
    },
    async owner(place) {
      const [found] = await rows(`SELECT tenant_id FROM ${name(place)}.tenantry_identity`);
      return found && String(found.tenant_id);
    },
    async forge(place, forgery) {
      const table = `${name(place)}.tenantry_identity`;
      if (forgery === 'gone') await rows(`DELETE FROM ${table}`);
      else await rows(`UPDATE ${table} SET ${forgery.column} = ?`, [forgery.value]);
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
    async activity() {
      const sessions = await rows(
        `SELECT id, db, command, time_ms, state, info FROM information_schema.processlist WHERE id <> CONNECTION_ID()`,
      );
      const waits = await rows(
        `SELECT requesting.trx_mysql_thread_id AS waiting, blocking.trx_mysql_thread_id AS held_by
         FROM information_schema.innodb_lock_waits AS waits
         JOIN information_schema.innodb_trx AS requesting ON requesting.trx_id = waits.requesting_trx_id
         JOIN information_schema.innodb_trx AS blocking ON blocking.trx_id = waits.blocking_trx_id`,
      );
      return [...sessions, ...waits].map((row) => JSON.stringify(row));
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
