import { basename } from 'node:path';
import { asking, firstOf, leftover, markText, noted } from './marks.mjs';

/** @typedef {import('../contracts.js').Mark} Mark */

/** What keeps SQLite busy for about a millisecond; it runs inside the process, so nothing may be long. */
const WORK =
  '(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT count(*) FROM n)';

/** @type {import('../contracts.js').Dialect} */
export const dialect = {
  script: `
    CREATE TABLE whoami (place TEXT NOT NULL);
    INSERT INTO whoami SELECT file FROM pragma_database_list WHERE name = 'main';
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
      (SELECT group_concat(name) FROM pragma_database_list WHERE seq > 1) AS attached,
      (SELECT query_only FROM pragma_query_only) AS locked FROM whoami`,
    ),
  judgeProbe: (row) =>
    firstOf({
      'temporary tables': row.kept,
      'another file': row.attached,
      'a handle that only reads': row.locked,
    }),
  leftovers: [
    leftover('a transaction', () => 'BEGIN', { inTransaction: false }),
    leftover('a transaction that writes', () => 'BEGIN IMMEDIATE', { inTransaction: false }),
    leftover('a savepoint', () => 'SAVEPOINT hunt', { inTransaction: false }),
    leftover('a temporary table', (mark) => `CREATE TEMP TABLE "${mark.name}#${mark.request}" (mark)`),
    leftover('another file', () => "ATTACH ':memory:' AS other", { expects: ['TENANTRY_QUERY_FAILED'] }),
    leftover(
      'another file behind a variable of its own kind',
      () => "SELECT $a('); ATTACH ':memory:' AS other; SELECT $b(')",
      { expects: ['TENANTRY_QUERY_FAILED'] },
    ),
    leftover('another file behind a function', () => "SELECT sha3_query('ATTACH '':memory:'' AS other')", {
      expects: ['TENANTRY_QUERY_FAILED'],
    }),
    leftover('a pragma', () => 'PRAGMA query_only = 1', { expects: ['TENANTRY_QUERY_FAILED'] }),
  ],
  traps: [],
  place: (value) => basename(String(value), '.sqlite'),
};
