import type { EngineName } from '../../engine/capabilities.js';

/** Something that a borrower leaves in its session, and how whoever comes next would see it. */
export interface Remains {
  /** A statement may fail, as in a failed transaction, and leave something all the same. */
  readonly leave: readonly string[];
  /** Its rows, or its failure, are others while it is still there. Run on the same connection. */
  readonly look: string;
  /** Where others feel it as well: the same, run on another connection. */
  readonly lookFromOutside?: string;
  /** Whether the connection is closed because of it, rather than reset. Default false. */
  readonly isFatal?: boolean;
  /** Whether the engine does not let it happen at all. Default false. */
  readonly isRefused?: boolean;
}

/** What a database needs for some of {@link remains}. */
export const remainsSetup: Readonly<Record<EngineName, readonly string[]>> = {
  mysql: [
    'CREATE TABLE keyed (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(10) NOT NULL)',
    'CREATE TABLE empty_table (id INT)',
    'CREATE SEQUENCE counter',
  ],
  postgres: [
    'CREATE TABLE keyed (id SERIAL PRIMARY KEY, name VARCHAR(10) NOT NULL)',
    'CREATE SEQUENCE counter',
  ],
  sqlite: ['CREATE TABLE keyed (id INTEGER PRIMARY KEY, name TEXT NOT NULL)'],
};

/** Every kind of thing that can be left behind. */
export const remains: Readonly<Record<EngineName, Readonly<Record<string, Remains>>>> = {
  mysql: {
    'an open transaction': { leave: ['START TRANSACTION'], look: 'SELECT @@in_transaction', isFatal: true },
    'autocommit that is off': { leave: ['SET autocommit = 0'], look: 'SELECT @@autocommit', isFatal: true },
    'a session variable': { leave: ['SET SESSION sql_mode = ANSI'], look: 'SELECT @@sql_mode' },
    'a time zone': { leave: ["SET time_zone = '+05:00'"], look: 'SELECT @@time_zone' },
    'a character set': { leave: ['SET NAMES latin1'], look: 'SELECT @@character_set_client' },
    'an isolation level': {
      leave: ['SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
      look: 'SELECT @@tx_isolation',
    },
    'a user variable that was set': { leave: ["SET @left = 'behind'"], look: 'SELECT @left' },
    'a user variable that was assigned': { leave: ["SELECT @left := 'behind'"], look: 'SELECT @left' },
    'a user variable that was selected into': { leave: ["SELECT 'behind' INTO @left"], look: 'SELECT @left' },
    'a temporary table': {
      leave: ['CREATE TEMPORARY TABLE left_behind (id INT)'],
      look: 'SELECT * FROM left_behind',
    },
    'a temporary table that hides another': {
      leave: ['CREATE TEMPORARY TABLE empty_table (other INT)'],
      look: 'SELECT COUNT(id) FROM empty_table',
    },
    'a user lock': {
      leave: ["SELECT GET_LOCK(CONCAT(DATABASE(), 'left'), 0)"],
      look: "SELECT IS_USED_LOCK(CONCAT(DATABASE(), 'left')) IS NULL",
      lookFromOutside: "SELECT IS_USED_LOCK(CONCAT(DATABASE(), 'left')) IS NULL",
    },
    'a table lock': {
      leave: ['LOCK TABLES keyed WRITE'],
      look: 'SELECT COUNT(*) FROM empty_table',
      lookFromOutside: 'SET STATEMENT lock_wait_timeout = 0 FOR SELECT MAX(id) < 0 FROM keyed',
    },
    'a prepared statement': { leave: ["PREPARE left_behind FROM 'SELECT 1'"], look: 'EXECUTE left_behind' },
    'an open handler': {
      leave: ['HANDLER keyed OPEN AS left_behind'],
      look: 'HANDLER left_behind READ FIRST',
    },
    'another database': { leave: ['USE information_schema'], look: 'SELECT DATABASE()' },
    'a generated key': {
      leave: ["INSERT INTO keyed (name) VALUES ('left')"],
      look: 'SELECT LAST_INSERT_ID()',
    },
    'a generated key that was returned': {
      leave: ["INSERT INTO keyed (name) VALUES ('left') RETURNING id"],
      look: 'SELECT LAST_INSERT_ID()',
    },
    'a key that was made up': { leave: ['SELECT LAST_INSERT_ID(42)'], look: 'SELECT LAST_INSERT_ID()' },
    'the last value of a sequence': { leave: ['SELECT NEXTVAL(counter)'], look: 'SELECT LASTVAL(counter)' },
    'a warning': { leave: ["SELECT CAST('left' AS INT)"], look: 'SHOW WARNINGS' },
    'an error': { leave: ['SELECT * FROM no_such_table'], look: 'SHOW ERRORS' },
    'an isolation level for a transaction that never began': {
      leave: ['SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED', 'SET TRANSACTION READ ONLY'],
      look: "INSERT INTO keyed (name) VALUES ('writes')",
    },
    'recorded statements': { leave: ['SET profiling = 1', 'SELECT 1'], look: 'SHOW PROFILES', isFatal: true },
  },
  postgres: {
    'an open transaction': { leave: ['BEGIN'], look: 'SAVEPOINT left_behind', isFatal: true },
    'a failed transaction': { leave: ['BEGIN', 'SELECT 1 / 0'], look: 'SELECT 1', isFatal: true },
    'a setting': { leave: ["SET statement_timeout = '1h'"], look: 'SHOW statement_timeout' },
    'a setting by a function': {
      leave: ["SELECT set_config('work_mem', '1MB', false)"],
      look: 'SHOW work_mem',
    },
    'a setting of its own': {
      leave: ["SET app.tenant = 'left'"],
      look: "SELECT COALESCE(current_setting('app.tenant', true), '')",
    },
    'a time zone': { leave: ["SET TimeZone = 'Asia/Tokyo'"], look: 'SHOW TimeZone' },
    'a search_path': { leave: ["SET search_path = 'pg_catalog'"], look: 'SHOW search_path' },
    'a role': { leave: ['SET ROLE pg_monitor'], look: 'SELECT current_user' },
    'another user': { leave: ['SET SESSION AUTHORIZATION pg_monitor'], look: 'SELECT session_user' },
    'an isolation level': {
      leave: ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'],
      look: 'SHOW transaction_read_only',
    },
    'a temporary table': {
      leave: ['CREATE TEMPORARY TABLE left_behind (id INT)'],
      look: 'SELECT * FROM left_behind',
    },
    'a temporary table of a SELECT': {
      leave: ['SELECT 1 AS id INTO TEMP left_behind'],
      look: 'SELECT * FROM left_behind',
    },
    'a temporary table that hides another': {
      leave: ['CREATE TEMP TABLE keyed (other INT)'],
      look: 'SELECT COUNT(id) * 0 FROM keyed',
    },
    'an advisory lock': {
      leave: ['SELECT pg_advisory_lock(4242)'],
      look: "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4242 AND pid = pg_backend_pid()",
      lookFromOutside:
        "SELECT COUNT(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database WHERE locktype = 'advisory' AND objid = 4242 AND datname = current_database()",
    },
    'a prepared statement': { leave: ['PREPARE left_behind AS SELECT 1'], look: 'EXECUTE left_behind' },
    'a channel that is listened to': {
      leave: ['LISTEN left_behind'],
      look: 'SELECT COUNT(*) FROM pg_listening_channels()',
    },
    'a cursor': {
      leave: ['DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1'],
      look: 'SELECT COUNT(*) FROM pg_cursors',
    },
    'a generated key': { leave: ["INSERT INTO keyed (name) VALUES ('left')"], look: 'SELECT lastval()' },
    'a generated key of another statement': {
      leave: ["WITH added AS (INSERT INTO keyed (name) VALUES ('left') RETURNING id) SELECT * FROM added"],
      look: "SELECT currval('keyed_id_seq')",
    },
    'the last value of a sequence': {
      leave: ["SELECT nextval('counter')"],
      look: "SELECT currval('counter')",
    },
    'what a block of code did': {
      leave: ["DO $$ BEGIN PERFORM set_config('work_mem', '2MB', false); END $$"],
      look: 'SHOW work_mem',
    },
    'a random seed': {
      leave: ['SELECT setseed(0.5)'],
      // The first number after this seed, from version 15 on and before.
      look: "SELECT random()::text IN ('0.9851677175347999', '0.2499104186659835')",
    },
  },
  sqlite: {
    'an open transaction': { leave: ['BEGIN'], look: 'ROLLBACK', isFatal: true },
    'a temporary table': {
      leave: ['CREATE TEMPORARY TABLE left_behind (id INT)'],
      look: 'SELECT * FROM left_behind',
      isFatal: true,
    },
    'a table in the temporary schema': {
      leave: ['CREATE TABLE temp.left_behind (id INT)'],
      look: 'SELECT * FROM left_behind',
      isFatal: true,
    },
    'a temporary view that hides a table': {
      leave: ['CREATE TEMP VIEW keyed AS SELECT 1 AS other'],
      look: 'SELECT COUNT(id) * 0 FROM keyed',
      isFatal: true,
    },
    'a temporary trigger': {
      leave: ['CREATE TEMP TRIGGER left_behind AFTER INSERT ON keyed BEGIN DELETE FROM keyed; END'],
      look: 'SELECT COUNT(*) FROM sqlite_temp_master',
      isFatal: true,
    },
    'foreign keys that are off': {
      leave: ['PRAGMA foreign_keys = 0'],
      look: 'PRAGMA foreign_keys',
      isRefused: true,
    },
    'a connection that only reads': {
      leave: ['PRAGMA query_only = 1'],
      look: 'PRAGMA query_only',
      isRefused: true,
    },
    'another database': {
      leave: ["ATTACH ':memory:' AS left_behind"],
      look: 'PRAGMA database_list',
      isRefused: true,
    },
  },
};
