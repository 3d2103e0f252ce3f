import pg from 'pg';
import { startPostgres } from '../../servers/postgres.mjs';
import { DICE, throwsOf } from '../dialects/marks.mjs';
import { seedValue } from '../dialects/postgres-behind.mjs';
import { SECRET } from '../places.mjs';
import { LogFile } from './log-file.mjs';
import { PARTS } from './postgres-parts.mjs';

/** @typedef {import('../contracts/hunt.js').Isolation} Isolation */
/** @typedef {import('../contracts/field.js').LogEvent} LogEvent */

const LINE = /^(\d+) (\S*) \S* (?:LOG|DETAIL): {2}(.*)$/;

/**
 * A private PostgreSQL that logs every statement. Its tenants have a database each, or share one.
 *
 * @param {import('../../servers/group.mjs').ServerGroup} group
 * @param {Isolation} isolation
 * @returns {Promise<import('../contracts/field.js').Field>}
 */
export async function openField(group, isolation) {
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
  await admin.query('SET default_transaction_read_only = off');
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
  const parts = isolation === 'database' ? undefined : PARTS[isolation];
  const identityOf = (/** @type {string} */ place) =>
    parts === undefined
      ? ['tenantry.identity', 'true']
      : ['tenantry.part_identity', `part = ${pg.escapeLiteral(place)}`];
  /** Where tenants are that share a database. */
  let home = '';
  return {
    url: server.tcpUrl,
    hasNetwork: true,
    moves: parts !== undefined,
    catalog: (database) => `${server.tcpUrl}${database}`,
    log: async () => (await log.newLines()).flatMap((line) => readLine(line, parts?.movedTo)),
    entries: (place) =>
      within(parts === undefined ? place : home, async (client) => {
        const sql = parts?.entries(place) ?? 'SELECT request, tenant FROM entries';
        return (await client.query(sql)).rows;
      }),
    ...(parts && {
      async openHome(database, names) {
        home = database;
        await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(home)}`);
        const role = "SELECT FROM pg_roles WHERE rolname = 'hunt_tables'";
        if ((await admin.query(role)).rows.length === 0) {
          await admin.query('CREATE ROLE hunt_tables');
          await admin.query(`CREATE ROLE hunt_app LOGIN PASSWORD '${SECRET}' IN ROLE hunt_tables`);
        }
        await admin.query(`GRANT CREATE ON DATABASE ${pg.escapeIdentifier(home)} TO hunt_app`);
        await within(home, (client) => parts.furnish(client, names));
        const url = new URL(`${server.tcpUrl}${home}`);
        url.username = 'hunt_app';
        url.password = SECRET;
        return url.href;
      },
    }),
    async prepare(names) {
      for (const name of names) {
        const role = pg.escapeIdentifier(name);
        // Superusers, so that a role that is kept within its tenant refuses nothing; but where tenants share a
        // database, a superuser is let in nowhere.
        if (parts === undefined) await admin.query(`CREATE ROLE ${role} SUPERUSER`);
        else {
          await admin.query(`CREATE ROLE ${role} IN ROLE hunt_tables`);
          await admin.query(`GRANT ${role} TO hunt_app`);
        }
      }
    },
    async dice(seeds) {
      const dice = [];
      for (const seed of seeds) {
        await admin.query('SELECT setseed($1::float8)', [seedValue(seed)]);
        const { rows } = await admin.query('SELECT random() AS value FROM generate_series(1, $1)', [
          DICE.throws,
        ]);
        const numbers = rows.map(({ value }) => value);
        dice.push(...throwsOf(seed, numbers));
      }
      return dice;
    },
    async setReadOnly(isReadOnly) {
      await admin.query(`ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`);
      await admin.query('SELECT pg_reload_conf()');
      return true;
    },
    owner: (place) =>
      within(parts === undefined ? place : home, async (client) => {
        const [table, condition] = identityOf(place);
        const { rows } = await client.query(`SELECT tenant_id FROM ${table} WHERE ${condition}`);
        return rows[0] && String(rows[0].tenant_id);
      }),
    async forge(place, forgery) {
      const [table, condition] = identityOf(place);
      await within(parts === undefined ? place : home, async (client) => {
        if (forgery === 'gone') await client.query(`DELETE FROM ${table} WHERE ${condition}`);
        else
          await client.query(`UPDATE ${table} SET ${forgery.column} = $1 WHERE ${condition}`, [
            forgery.value,
          ]);
      });
    },
    async sessions(places) {
      const { rows } = await admin.query(
        "SELECT pid, datname, state FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'hunt'",
      );
      return rows
        .map(({ pid, datname, state }) => ({
          id: String(pid),
          place: String(datname),
          busy: state === 'active',
        }))
        .filter(({ place }) => places.has(place));
    },
    async activity() {
      const { rows } = await admin.query(
        `SELECT pid, datname, state, wait_event_type, wait_event, pg_blocking_pids(pid) AS held_by,
           extract(epoch FROM clock_timestamp() - state_change) AS seconds, query
         FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'hunt'`,
      );
      return rows.map((row) => JSON.stringify(row));
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
 * @param {((statement: string) => string | undefined | null) | undefined} movedTo where tenants share a database
 * @returns {LogEvent[]}
 */
function readLine(line, movedTo) {
  const [, session, database = '', text = ''] = LINE.exec(line) ?? [];
  if (session === undefined) return [];
  if (text.startsWith('connection authorized:')) {
    return [{ type: 'opened', session, database: movedTo && undefined }];
  }
  if (text.startsWith('disconnection:')) return [{ type: 'closed', session }];
  if (!/^(?:statement|execute [^:]*|parameters): /.test(text)) return [];
  if (movedTo === undefined) return [{ type: 'statement', session, database, text }];
  const place = movedTo(text.slice(text.indexOf(':') + 1).trim());
  /** @type {LogEvent} */
  const statement = { type: 'statement', session, text };
  return place === null ? [statement] : [statement, { type: 'moved', session, database: place }];
}
