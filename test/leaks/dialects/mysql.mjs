import { asking, comment, leftover, markText, residue, strangeResidue } from './marks.mjs';

/** @typedef {import('../contracts.js').Mark} Mark */

/** @type {import('../contracts.js').Dialect} */
export const dialect = {
  script: `
    CREATE TABLE whoami (place VARCHAR(100) NOT NULL);
    INSERT INTO whoami SELECT DATABASE();
    CREATE TABLE entries (
      number INT AUTO_INCREMENT PRIMARY KEY, request VARCHAR(40) NOT NULL, tenant VARCHAR(100) NOT NULL,
      batch VARCHAR(40) NOT NULL);
  `,
  read: (mark) => asking(mark, `${comment(mark)} SELECT '${mark.request}' AS request, place FROM whoami`),
  prepared: (mark) => ({
    sql: 'SELECT ? AS request, place FROM whoami',
    params: [markText(mark)],
    request: mark.request,
    echo: markText(mark),
  }),
  // One that was interrupted says so instead of giving the reply that was asked for.
  slow: (mark, milliseconds) =>
    asking(
      mark,
      `${comment(mark)} SELECT IF(SLEEP(${milliseconds / 1000}) = 0, '${mark.request}', 'interrupted') AS request,
      place FROM whoami`,
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
    `SELECT '${mark.request}', '${mark.name}', '${batch}' FROM whoami WHERE SLEEP(${milliseconds / 1000}) = 0`,
  refused: (mark) => `${comment(mark)} INSERT INTO whoami (place) VALUES (NULL)`,
  // Leaves its own mark as well, which nothing but a reset takes away.
  probe: (mark) =>
    asking(
      mark,
      `${comment(mark)} SELECT '${mark.request}' AS request, place, @hunt AS kept, @hunt := '${residue(mark)}' AS mine,
      @@autocommit AS autocommit, @@in_transaction AS open, @@time_zone AS zone, CURRENT_ROLE() AS role,
      DATABASE() AS here FROM whoami`,
    ),
  judgeProbe(row, mark, place) {
    if (row.here !== place) return `was in the database ${row.here}`;
    if (Number(row.autocommit) !== 1) return 'found autocommit off';
    if (Number(row.open) !== 0) return 'found a transaction open';
    if (row.zone !== '+00:00') return `found the time zone ${row.zone}`;
    const role = row.role === null ? null : `${row.role}`;
    if (role !== null && role !== mark.name) return `found the role of ${role}`;
    return strangeResidue(row.kept, mark);
  },
  leftovers: [
    leftover('a user variable', (mark) => `SET @hunt = '${residue(mark)}'`),
    leftover('a user variable by SELECT', (mark) => `SELECT @hunt := '${residue(mark)}' AS mine`),
    leftover('a time zone', () => "SET time_zone = '+05:00'"),
    leftover('a character set', () => 'SET NAMES latin1'),
    leftover('no autocommit', () => 'SET autocommit = 0', { inTransaction: false }),
    leftover('a transaction', () => 'BEGIN', { inTransaction: false }),
    leftover('another database', () => 'USE information_schema'),
    leftover('a role', (mark) => `SET ROLE \`${mark.name}\``),
    leftover(
      'a lock by name',
      (mark) => `SELECT GET_LOCK('${residue(mark)}', 0), @hunt := '${residue(mark)}'`,
    ),
    leftover(
      'a temporary table',
      (mark) => `CREATE TEMPORARY TABLE IF NOT EXISTS hunt_temporary AS SELECT '${residue(mark)}' AS mark`,
    ),
    leftover(
      'a prepared statement',
      () => "PREPARE hunt_statement FROM 'SELECT place, DATABASE() AS here FROM whoami'",
    ),
    leftover('an execution of what somebody prepared', () => 'EXECUTE hunt_statement', {
      expects: ['TENANTRY_QUERY_FAILED'],
    }),
  ],
  place: String,
};
