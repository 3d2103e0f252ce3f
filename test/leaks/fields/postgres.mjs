import pg from 'pg';
import { startPostgres } from '../../servers/postgres.mjs';
import { LogFile } from './log-file.mjs';

/** @typedef {import('../contracts.js').LogEvent} LogEvent */

const LINE = /^(\d+) (\S*) \S* (?:LOG|DETAIL): {2}(.*)$/;

/**
 * A private PostgreSQL that logs every statement.
 *
 * @param {import('../../servers/group.mjs').ServerGroup} group
 * @returns {Promise<import('../contracts.js').Field>}
 */
export async function openField(group) {
  const settings = {
    ...{
      log_statement: 'all',
      log_line_prefix: '%p %d %u ',
      log_connections: 'on',
      log_disconnections: 'on',
    },
    autovacuum: 'off',
  };
  const server = await startPostgres(group, { settings });
  const admin = await connect(server.tcpUrl, 'postgres');
  const log = new LogFile(server.logFile);
  /** @type {<T>(place: string, work: (client: pg.Client) => Promise<T>) => Promise<T>} */
  const within = async (place, work) => {
    const client = await connect(server.tcpUrl, place);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  return {
    url: server.tcpUrl,
    hasNetwork: true,
    moves: false,
    catalog: (database) => `${server.tcpUrl}${database}`,
    log: async () => (await log.newLines()).flatMap(readLine),
    entries: (place) =>
      within(place, async (client) => (await client.query('SELECT request, tenant FROM entries')).rows),
    async prepare(names) {
      // Superusers, so that a role that is kept within its tenant refuses nothing.
      for (const role of names) await admin.query(`CREATE ROLE ${pg.escapeIdentifier(role)} SUPERUSER`);
    },
    async forge(place, forgery) {
      await within(place, async (client) => {
        if (forgery === 'gone') await client.query('DELETE FROM tenantry.identity');
        else if ('epoch' in forgery) {
          await client.query('UPDATE tenantry.identity SET epoch = $1', [forgery.epoch]);
        } else await client.query('UPDATE tenantry.identity SET tenant_id = $1', [forgery.tenantId]);
      });
    },
    async sessions(places) {
      const { rows } = await admin.query(
        "SELECT pid, datname FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'hunt'",
      );
      return rows
        .map(({ pid, datname }) => ({ id: String(pid), place: String(datname) }))
        .filter(({ place }) => places.has(place));
    },
    async kill(id) {
      await admin.query('SELECT pg_terminate_backend($1)', [Number(id)]);
    },
    async drop(places) {
      for (const place of places) {
        await admin.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(place)} WITH (FORCE)`);
      }
    },
    close: () => admin.end(),
  };
}

/**
 * @param {string} tcpUrl
 * @param {string} database
 */
async function connect(tcpUrl, database) {
  const { hostname, port } = new URL(tcpUrl);
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    user: 'postgres',
    database,
    application_name: 'hunt',
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/**
 * Only what was executed: an ERROR's own copy of its statement (STATEMENT) says it a second time.
 *
 * @param {string} line
 * @returns {LogEvent[]}
 */
function readLine(line) {
  const [, session, database = '', text = ''] = LINE.exec(line) ?? [];
  if (session === undefined) return [];
  if (text.startsWith('connection authorized:')) return [{ type: 'opened', session, database }];
  if (text.startsWith('disconnection:')) return [{ type: 'closed', session }];
  return /^(?:statement|execute [^:]*|parameters): /.test(text)
    ? [{ type: 'statement', session, database, text }]
    : [];
}
