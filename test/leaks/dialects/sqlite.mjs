import { basename } from 'node:path';
import { asking, firstOf, hiding, leftover, markText, noted, REFUSALS } from './marks.mjs';
import { hidden } from './sqlite-hidden.mjs';

/** @typedef {import('../contracts/dialect.js').Mark} Mark */

/** What keeps SQLite busy for about a millisecond; it runs inside the process, so nothing may be long. */
const WORK =
  '(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT count(*) FROM n)';

/** @type {import('../contracts/dialect.js').Dialect} */
export const dialect = {
  script: `
    CREATE TABLE whoami (place TEXT NOT NULL);
    INSERT INTO whoami SELECT file FROM pragma_database_list WHERE name = 'main';
    CREATE TABLE hunt_one (one INTEGER PRIMARY KEY);
    INSERT INTO hunt_one VALUES (1);
    CREATE TABLE entries (
      number INTEGER PRIMARY KEY, request TEXT NOT NULL, tenant TEXT NOT NULL, batch TEXT NOT NULL);
  `,
  read: (mark) => asking(mark, `SELECT '${mark.request}' AS request, place FROM whoami`),
  prepared: (mark) => ({
    sql: 'SELECT ? AS request, place FROM whoami',
    params: [markText(mark)],
    request: mark.request,
    echo: markText(mark),
  }),
  slow: (mark) => asking(mark, `SELECT '${mark.request}' AS request, place, ${WORK} AS work FROM whoami`),
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
  slowInsert: (mark, batch) =>
    noted(
      mark,
      `INSERT INTO entries (request, tenant, batch) SELECT '${mark.request}', '${mark.name}', '${batch}' WHERE ${WORK} > 0`,
    ),
  refused: (mark) => noted(mark, `INSERT INTO whoami (place) VALUES (NULL)`),
  probe: (mark) =>
    asking(
      mark,
      `SELECT '${mark.request}' AS request, place,
      (SELECT group_concat(name) FROM temp.sqlite_master) AS kept,
      (SELECT group_concat(name) FROM pragma_database_list WHERE name NOT IN ('main', 'temp')) AS others,
      (SELECT ignore_check_constraints FROM pragma_ignore_check_constraints) AS unchecked,
      (SELECT reverse_unordered_selects FROM pragma_reverse_unordered_selects) AS reversed,
      (SELECT query_only FROM pragma_query_only) AS locked FROM whoami`,
    ),
  judgeProbe: (row) =>
    firstOf({
      'temporary tables': row.kept,
      'another file': row.others,
      'checks that are off': row.unchecked,
      'rows in reverse': row.reversed,
      'a handle that only reads': row.locked,
    }),
  leftovers: [
    leftover('a transaction', () => 'BEGIN', { opens: true }),
    leftover('a transaction that writes', () => 'BEGIN IMMEDIATE', { opens: true }),
    leftover('a savepoint', () => 'SAVEPOINT hunt', { opens: true }),
    leftover('a temporary table', (mark) => `CREATE TEMP TABLE "${mark.name}#${mark.request}" (mark)`),
    leftover('another file', () => "ATTACH ':memory:' AS other", { expects: REFUSALS }),
    leftover('another file, by a function', () => "SELECT sha3_query('ATTACH '':memory:'' AS other')", {
      expects: REFUSALS,
    }),
    leftover('a pragma', () => 'PRAGMA query_only = 1', { expects: REFUSALS }),
    hiding('another file, a pragma or a table', hidden),
  ],
  endings: [
    { what: 'COMMIT', sql: (mark) => noted(mark, 'COMMIT'), first: 'there' },
    { what: 'ROLLBACK', sql: (mark) => noted(mark, 'ROLLBACK'), first: 'gone' },
    {
      what: 'INSERT OR ROLLBACK',
      sql: (mark) => noted(mark, 'INSERT OR ROLLBACK INTO hunt_one (one) VALUES (1)'),
      first: 'gone',
    },
  ],
  oddities: [''],
  mirror: (mark) => ({
    sql: noted(mark, `SELECT '${mark.request}' AS request, place FROM whoami WHERE place = ?`),
    request: mark.request,
    echo: mark.request,
  }),
  traps: [],
  place: (value) => basename(String(value), '.sqlite'),
};
