import { asking, comment, leftover, markText, residue, strangeResidue } from './marks.mjs';

/** @typedef {import('../contracts.js').Mark} Mark */

/** @type {import('../contracts.js').Dialect} */
export const dialect = {
  script: `
    CREATE TABLE whoami (place text NOT NULL);
    INSERT INTO whoami SELECT current_database();
    CREATE TABLE entries (
      number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, request text NOT NULL, tenant text NOT NULL,
      batch text NOT NULL);
  `,
  // A comment of this kind leaves no doubt that the statement only reads, so that it may be sent again.
  read: (mark) => asking(mark, `SELECT '${mark.request}' AS request, place FROM whoami -- ${markText(mark)}`),
  prepared: (mark) => ({
    sql: 'SELECT $1::text AS request, place FROM whoami',
    params: [markText(mark)],
    request: mark.request,
    echo: markText(mark),
  }),
  slow: (mark, milliseconds) =>
    asking(
      mark,
      `${comment(mark)} SELECT '${mark.request}' AS request, place FROM whoami, pg_sleep(${milliseconds / 1000})`,
    ),
  countBatch: (mark, batch) =>
    asking(
      mark,
      `${comment(mark)} SELECT '${mark.request}' AS request, place,
      (SELECT count(*) FROM entries WHERE batch = '${batch}') AS entries FROM whoami`,
    ),
  insert: (mark, batch) =>
    `${comment(mark)} INSERT INTO entries (request, tenant, batch) VALUES ('${mark.request}', '${mark.name}', '${batch}')`,
  slowInsert: (mark, batch, milliseconds) =>
    `${comment(mark)} INSERT INTO entries (request, tenant, batch) ` +
    `SELECT '${mark.request}', '${mark.name}', '${batch}' FROM pg_sleep(${milliseconds / 1000})`,
  refused: (mark) => `${comment(mark)} INSERT INTO whoami (place) VALUES (NULL)`,
  probe: (mark) =>
    asking(
      mark,
      `${comment(mark)} SELECT '${mark.request}' AS request, place, current_setting('hunt.mark', true) AS kept,
      set_config('hunt.mark', '${residue(mark)}', false) AS mine, current_database() AS here,
      current_setting('transaction_isolation') AS level, current_user AS role, session_user AS self,
      (SELECT string_agg(channel, ',') FROM pg_listening_channels() AS channel) AS channels
      FROM whoami`,
    ),
  judgeProbe(row, mark, place) {
    if (row.here !== place) return `was in the database ${row.here}`;
    if (row.level !== 'read committed') return 'found a transaction open';
    if (row.role !== row.self && row.role !== mark.name) return `found the role of ${row.role}`;
    if (row.channels !== null && row.channels !== mark.name)
      return `found that it listened to ${row.channels}`;
    return strangeResidue(row.kept, mark);
  },
  leftovers: [
    leftover('a setting', (mark) => `SET hunt.mark = '${residue(mark)}'`),
    leftover('a setting by function', (mark) => `SELECT set_config('hunt.mark', '${residue(mark)}', false)`),
    leftover('a role', (mark) => `SET ROLE "${mark.name}"`),
    leftover('a search path', (mark) => `SET search_path TO "${mark.name}", public`),
    leftover('a transaction', () => 'BEGIN ISOLATION LEVEL SERIALIZABLE', { inTransaction: false }),
    leftover(
      'a temporary table',
      (mark) => `CREATE TEMP TABLE IF NOT EXISTS hunt_temporary AS SELECT '${residue(mark)}' AS mark`,
    ),
    leftover('an advisory lock', (mark) => `SELECT pg_try_advisory_lock(hashtext('${residue(mark)}'))`),
    leftover('a prepared statement', (mark) => `PREPARE "${mark.request}" AS SELECT place FROM whoami`),
    leftover('a channel', (mark) => `LISTEN "${mark.name}"`),
    leftover('a cursor', (mark) => `DECLARE "${mark.request}" CURSOR WITH HOLD FOR SELECT place FROM whoami`),
    leftover('a COPY', () => 'COPY entries FROM STDIN', { expects: ['TENANTRY_QUERY_FAILED'] }),
  ],
  place: String,
};
