import {
  asking,
  firstOf,
  hiding,
  leftover,
  markText,
  noted,
  ofOthers,
  residue,
  seedOf,
  trap,
} from './marks.mjs';
import {
  ASTRAY,
  anyLeft,
  DOORS,
  disguised,
  hidden,
  loading,
  seeding,
  TOOLS,
  TRIGGER,
} from './postgres-behind.mjs';

/** @typedef {import('../contracts/dialect.js').Mark} Mark */

/** SQL that says where a session is, and its search path there. */
const PLACES = {
  database: { here: 'current_database()', path: () => '"$user", public' },
  schema: { here: 'current_schema()', path: (/** @type {string} */ place) => `${place}, pg_temp` },
  row: { here: "current_setting('tenantry.tenant', true)", path: () => '"$user", public' },
};

/**
 * @param {import('../contracts/hunt.js').Isolation} isolation
 * @returns {import('../contracts/dialect.js').Dialect}
 */
export function dialectFor(isolation) {
  const { here, path } = PLACES[isolation];
  return {
    script: `
    CREATE TABLE whoami (place text NOT NULL);
    INSERT INTO whoami SELECT ${here};
    CREATE TABLE entries (
      number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, request text NOT NULL, tenant text NOT NULL,
      batch text NOT NULL);
    ${TRIGGER}
    ${TOOLS}
  `,
    read: (mark) => asking(mark, `SELECT '${mark.request}' AS request, place FROM whoami`),
    prepared: (mark) => ({
      sql: 'SELECT $1::text AS request, place FROM whoami',
      params: [markText(mark)],
      request: mark.request,
      echo: markText(mark),
    }),
    slow: (mark, milliseconds) =>
      asking(
        mark,
        `SELECT '${mark.request}' AS request, place FROM whoami, pg_sleep(${milliseconds / 1000})`,
      ),
    countBatch: (mark, batch) =>
      asking(
        mark,
        `SELECT '${mark.request}' AS request, place,
        (SELECT count(*) FROM entries WHERE batch = '${batch}') AS entries FROM whoami`,
      ),
    insert: (mark, batch) =>
      noted(
        mark,
        `INSERT INTO entries (request, tenant, batch) VALUES ('${mark.request}', '${mark.name}', '${batch}')`,
      ),
    slowInsert: (mark, batch, milliseconds) =>
      noted(
        mark,
        `INSERT INTO entries (request, tenant, batch) ` +
          `SELECT '${mark.request}', '${mark.name}', '${batch}' FROM pg_sleep(${milliseconds / 1000})`,
      ),
    refused: (mark) => noted(mark, 'INSERT INTO whoami (place) VALUES (NULL)'),
    probe: (mark) =>
      asking(
        mark,
        `SELECT '${mark.request}' AS request, place, current_setting('hunt.mark', true) AS kept,
      ${here} AS here, current_setting('search_path') AS path, current_user AS role, current_setting('transaction_isolation') AS level,
      (SELECT usename FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS login,
      (SELECT string_agg(name || '=' || setting, ', ') FROM pg_settings
        WHERE source = 'session' AND name NOT IN ('search_path', 'vacuum_cost_limit')) AS settings,
      (SELECT setting::int - 1000 FROM pg_settings
        WHERE source = 'session' AND name = 'vacuum_cost_limit') AS behind_setting,
      (SELECT count(*) FROM pg_settings WHERE name LIKE 'auto_explain.%') AS libraries,
      random() AS dice, random() AS next_dice,
      (SELECT string_agg(channel, ', ') FROM pg_listening_channels() AS channel) AS channels,
      (SELECT string_agg(name, ', ') FROM pg_prepared_statements
        WHERE from_sql AND name NOT LIKE 'tenantry_binding_%') AS prepared,
      (SELECT string_agg(name, ', ') FROM pg_cursors WHERE is_holdable) AS cursors,
      (SELECT string_agg(relname, ', ') FROM pg_class
        WHERE relnamespace = pg_my_temp_schema() AND relname NOT LIKE 'behind%') AS temporary,
      (SELECT string_agg(replace(relname, 'behind_', ''), ',') FROM pg_class
        WHERE relnamespace = pg_my_temp_schema() AND relname LIKE 'behind%') AS behind_tables,
      (SELECT count(*) FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND objsubid = 1) AS locks,
      (SELECT string_agg(objid::text, ',') FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND objsubid = 2) AS behind_locks
      FROM whoami`,
      ),
    judgeProbe: (row, lookout) =>
      firstOf({
        'another place': row.here !== lookout.place && row.here,
        'a search path': unquoted(row.path) !== unquoted(path(lookout.place)) && row.path,
        'an open transaction': row.level !== 'read committed' && row.level,
        'a role': row.role !== row.login && row.role,
        'a custom setting': row.kept,
        settings: row.settings,
        'channels that it listens to': row.channels,
        'prepared statements': row.prepared,
        'open cursors': row.cursors,
        'temporary tables': row.temporary,
        'advisory locks': row.locks,
        'a library': row.libraries,
        'random numbers of a seed': seedOf(lookout, row.dice, row.next_dice),
        'a setting of another tenant': ofOthers(lookout, row.behind_setting),
        'temporary tables of another tenant': ofOthers(lookout, row.behind_tables),
        'advisory locks of another tenant': ofOthers(lookout, row.behind_locks),
      }),
    leftovers: [
      leftover('a setting', (mark) => `SET hunt.mark = '${residue(mark)}'`),
      leftover(
        'a setting by function',
        (mark) => `SELECT set_config('hunt.mark', '${residue(mark)}', false)`,
      ),
      leftover('a role', (mark) => `SET ROLE "${mark.name}"`),
      leftover('another login', (mark) => `SET SESSION AUTHORIZATION "${mark.name}"`, {
        expects: ['TENANTRY_QUERY_FAILED'],
      }),
      leftover('a search path', (mark) => `SET search_path TO "${mark.name}", public`),
      leftover('transactions that only read', () => 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'),
      leftover('a transaction', () => 'BEGIN ISOLATION LEVEL SERIALIZABLE', { opens: true }),
      leftover(
        'a temporary table',
        (mark) => `CREATE TEMP TABLE IF NOT EXISTS hunt_temporary AS SELECT '${residue(mark)}' AS mark`,
      ),
      leftover('an advisory lock', (mark) => `SELECT pg_try_advisory_lock(hashtext('${residue(mark)}'))`),
      leftover('an advisory lock, in a function', (mark) => `SELECT hunt_lock('${residue(mark)}')`),
      leftover('a prepared statement', () => 'PREPARE hunt_statement AS SELECT place FROM whoami', {
        expects: ['TENANTRY_QUERY_FAILED'],
      }),
      leftover('a number of a sequence', () => "SELECT nextval('hunt_sequence')"),
      leftover('a channel', (mark) => `LISTEN "${mark.name}"`),
      leftover(
        'a cursor',
        (mark) => `DECLARE "${mark.request}" CURSOR WITH HOLD FOR SELECT place FROM whoami`,
      ),
      leftover('a COPY in', () => 'COPY entries FROM STDIN', { expects: ['TENANTRY_QUERY_FAILED'] }),
      leftover('a COPY out', () => 'COPY whoami TO STDOUT'),
      ...Object.entries(DOORS).map(([door, sql]) =>
        leftover(`something, by ${door}`, (mark, random) => sql(anyLeft(random), mark)),
      ),
      ...(isolation === 'database'
        ? []
        : Object.entries(DOORS).map(([door, sql]) =>
            leftover(`the part of another tenant, by ${door}`, (mark) => sql(ASTRAY, mark)),
          )),
      leftover('a random seed', seeding, { expects: ['TENANTRY_QUERY_FAILED'] }),
      hiding('a setting or a lock', hidden),
      hiding('what a statement leaves', disguised),
      // Where tenants share a database, none of them is a superuser.
      ...(isolation === 'database' ? [hiding('a library', loading)] : []),
    ],
    endings: [
      { what: 'COMMIT', sql: (mark) => noted(mark, 'COMMIT'), first: 'there' },
      { what: 'ROLLBACK', sql: (mark) => noted(mark, 'ROLLBACK'), first: 'gone' },
      { what: 'END', sql: (mark) => noted(mark, 'END WORK'), first: 'there' },
    ],
    oddities: [
      ...[
        '',
        'SET standard_conforming_strings = off',
        'SET backslash_quote = on',
        "SET client_encoding = 'BIG5'",
      ],
      ...["SET client_encoding = 'SJIS'", "SET client_encoding = 'GBK'", "SET client_encoding = 'LATIN1'"],
    ],
    mirror: (mark) => ({
      sql: noted(mark, `SELECT '${mark.request}' AS request, place FROM whoami WHERE place = $1`),
      request: mark.request,
      echo: mark.request,
    }),
    traps: [
      trap('a temporary table', () => 'SELECT mark FROM hunt_temporary'),
      trap('a prepared statement', () => 'EXECUTE hunt_statement'),
      trap('a number of a sequence', () => "SELECT currval('hunt_sequence')"),
    ],
    place: String,
  };
}

/** @param {unknown} path */
function unquoted(path) {
  return String(path).replaceAll('"', '');
}
