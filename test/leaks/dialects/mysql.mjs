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
import { anyLeft, DOORS, disguised, hidden, LOCKS_BEHIND, seed, TOOLS } from './mysql-behind.mjs';

/** @typedef {import('../contracts/dialect.js').Mark} Mark */

/** @type {import('../contracts/dialect.js').Dialect} */
export const dialect = {
  script: `
    CREATE TABLE whoami (place VARCHAR(100) NOT NULL);
    INSERT INTO whoami SELECT DATABASE();
    CREATE TABLE entries (
      number INT AUTO_INCREMENT PRIMARY KEY, request VARCHAR(40) NOT NULL, tenant VARCHAR(100) NOT NULL,
      batch VARCHAR(40) NOT NULL);
    CREATE TABLE hunt_locks (id INT PRIMARY KEY, times INT NOT NULL);
    INSERT INTO hunt_locks VALUES (0, 0), (1, 0);
    ${TOOLS}
  `,
  read: (mark) => asking(mark, `SELECT '${mark.request}' AS request, place FROM whoami`),
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
      `SELECT IF(SLEEP(${milliseconds / 1000}) = 0, '${mark.request}', 'interrupted') AS request,
      place FROM whoami`,
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
        `SELECT '${mark.request}', '${mark.name}', '${batch}' FROM whoami WHERE SLEEP(${milliseconds / 1000}) = 0`,
    ),
  refused: (mark) => noted(mark, `INSERT INTO whoami (place) VALUES (NULL)`),
  probe: (mark) =>
    asking(
      mark,
      `SELECT '${mark.request}' AS request, place, @hunt AS kept, @@autocommit AS autocommit,
      @@in_transaction AS open, @@time_zone AS zone, @@character_set_client AS charset, @@sql_mode AS mode,
      @@global.sql_mode AS usual_mode, @@tx_isolation AS level, @@global.tx_isolation AS usual_level,
      @behind AS behind_variable, @@max_sort_length - @@global.max_sort_length AS behind_setting,
      ${LOCKS_BEHIND} AS behind_locks, RAND() AS dice, RAND() AS next_dice,
      LAST_INSERT_ID() AS inserted, CURRENT_ROLE() AS role, DATABASE() AS here,
      IS_USED_LOCK('hunt ${mark.name}') <=> CONNECTION_ID() AS held FROM whoami`,
    ),
  judgeProbe: (row, lookout) =>
    firstOf({
      'another database': row.here !== lookout.place && row.here,
      'autocommit off': Number(row.autocommit) !== 1,
      'an open transaction': row.open,
      'a time zone': row.zone !== '+00:00' && row.zone,
      'a character set': row.charset !== 'utf8mb4' && row.charset,
      'a mode': row.mode !== row.usual_mode && row.mode,
      'an isolation level': row.level !== row.usual_level && row.level,
      'a generated key': row.inserted,
      'a role': row.role,
      'a lock by name': row.held,
      'a user variable': row.kept,
      'random numbers of a seed': seedOf(lookout, row.dice, row.next_dice),
      'a variable of another tenant': ofOthers(lookout, row.behind_variable),
      'a setting of another tenant': ofOthers(lookout, row.behind_setting),
      'locks of another tenant': ofOthers(lookout, row.behind_locks),
    }),
  leftovers: [
    leftover('a user variable', (mark) => `SET @hunt = '${residue(mark)}'`),
    leftover('a user variable by SELECT', (mark) => `SELECT @hunt := '${residue(mark)}' AS mine`),
    leftover('a user variable by INTO', (mark) => `SELECT '${residue(mark)}' INTO @hunt`),
    leftover('a time zone', () => "SET time_zone = '+05:00'"),
    leftover('a character set', () => 'SET NAMES latin1'),
    leftover('a mode', () => "SET SESSION sql_mode = 'ANSI_QUOTES'"),
    leftover('an isolation level', () => 'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE', {
      inTransaction: false,
    }),
    leftover('a next transaction that only reads', () => 'SET TRANSACTION READ ONLY', {
      inTransaction: false,
    }),
    leftover('no autocommit', () => 'SET autocommit = 0', { inTransaction: false }),
    leftover('a transaction', () => 'BEGIN', { opens: true }),
    leftover('a generated key', (mark) => `SELECT LAST_INSERT_ID(${mark.request.split('-')[1]}) AS mine`),
    leftover('another database', () => 'USE information_schema'),
    leftover('a role', (mark) => `SET ROLE \`${mark.name}\``),
    leftover('a lock by name', (mark) => `SELECT GET_LOCK('hunt ${mark.name}', 0)`),
    leftover('a lock by name, in a function', (mark) => `SELECT hunt_lock('hunt ${mark.name}')`),
    leftover('a lock on a table', () => 'LOCK TABLES whoami READ', { inTransaction: false }),
    leftover('a handler', () => 'HANDLER whoami OPEN'),
    leftover(
      'a temporary table',
      (mark) => `CREATE TEMPORARY TABLE IF NOT EXISTS hunt_temporary AS SELECT '${residue(mark)}' AS mark`,
    ),
    leftover(
      'a prepared statement',
      () => "PREPARE hunt_statement FROM 'SELECT place, DATABASE() AS here FROM whoami'",
    ),
    ...Object.entries(DOORS).map(([door, sql]) =>
      leftover(`something, by ${door}`, (_, random) => sql(anyLeft(random))),
    ),
    leftover('a random seed', seed),
    hiding('a lock or a variable', hidden),
    hiding('what a statement leaves', disguised),
    leftover(
      'a prepared XA transaction',
      (mark) => [
        `XA START '${mark.request} ${mark.name}'`,
        `INSERT INTO entries (request, tenant, batch) VALUES ('${mark.request}', '${mark.name}', 'xa')`,
        `XA END '${mark.request} ${mark.name}'`,
        `XA PREPARE '${mark.request} ${mark.name}'`,
      ],
      { inTransaction: false, expects: ['TENANTRY_QUERY_FAILED', 'TENANTRY_NOT_SUPPORTED'] },
    ),
  ],
  endings: [
    { what: 'COMMIT', sql: (mark) => noted(mark, 'COMMIT'), first: 'there' },
    { what: 'ROLLBACK', sql: (mark) => noted(mark, 'ROLLBACK'), first: 'gone' },
    {
      what: 'CREATE TABLE',
      sql: (mark) => noted(mark, 'CREATE TABLE IF NOT EXISTS whoami (n INT)'),
      first: 'there',
    },
    { what: 'ANALYZE TABLE', sql: (mark) => noted(mark, 'ANALYZE TABLE whoami'), first: 'there' },
  ],
  lockRow: (mark, row) => noted(mark, `UPDATE hunt_locks SET times = times + 1 WHERE id = ${row}`),
  oddities: [
    ...['', 'SET NAMES big5', 'SET NAMES gb2312', 'SET NAMES gbk', 'SET NAMES sjis', 'SET NAMES cp932'],
    ...[
      'SET character_set_client = big5',
      'SET CHARACTER SET gbk',
      "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'",
    ],
    ...[
      "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
      "SET sql_mode = 'ANSI_QUOTES'",
      'SET NAMES latin1',
    ],
    "SET STATEMENT sql_mode = 'NO_BACKSLASH_ESCAPES' FOR SELECT 1",
  ],
  mirror: (mark) => ({
    sql: noted(mark, `SELECT '${mark.request}' AS request, place FROM whoami WHERE place = ?`),
    request: mark.request,
    echo: mark.request,
  }),
  traps: [
    trap('a temporary table', () => 'SELECT mark FROM hunt_temporary'),
    trap('a prepared statement', () => 'EXECUTE hunt_statement'),
    trap('a handler', () => 'HANDLER whoami READ FIRST'),
  ],
  place: String,
};
