import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../../src/engines/mysql/traces.js';

describe('a statement that leaves nothing in its session', () => {
  it.each([
    ['SELECT 1'],
    ['SELECT * FROM users WHERE id = ? AND name LIKE ? ORDER BY id LIMIT 10'],
    ['select count(*), max(u.age) from users u where u.id in (?, ?) group by u.name having count(*) > 1'],
    ['SELECT a.*, LOWER(b.name) AS n FROM a JOIN b USING (id) FOR UPDATE;'],
    ['SELECT (1 + 2) * 3, SUM(a) OVER (PARTITION BY b) FROM t'],
    ['WITH tree AS (SELECT 1 UNION ALL (SELECT id FROM others)) SELECT * FROM tree'],
    ['SELECT JSON_EXTRACT(data, ?) FROM t'],
    ["SELECT DATE_FORMAT(at, \"%H:%i\"), 'it''s', `a``b` FROM `db` . `t`"],
    ["SELECT 'GET_LOCK(1) -- # /* @a := 1', `SET @a` FROM `release_lock`"],
    ['SELECT LAST_INSERT_ID()'],
    ['INSERT INTO users (id, name) VALUES (?, ?), (?, ?)'],
    ['INSERT IGNORE INTO `app`.`users` (`id`) VALUES (?) ON DUPLICATE KEY UPDATE name = VALUES(name)'],
    ['insert into `users` (`id`, `name`) values (default, :name)'],
    ['REPLACE INTO users(id) SELECT id FROM others'],
    ['UPDATE users SET name = UPPER(name), at = NOW() WHERE id = ?'],
    ['DELETE FROM users WHERE id IN (SELECT id FROM gone)'],
    ['BEGIN'],
    ['START TRANSACTION READ ONLY'],
    ['commit;'],
    ['ROLLBACK TO SAVEPOINT sp1'],
    ['SAVEPOINT `a b`'],
    ['RELEASE SAVEPOINT sp1'],
    ['SELECT * FROM profiling'],
  ])('is known: %s', (sql) => expect(tracesOf(sql)).toBe('none'));
});

describe('a statement that leaves values in its session', () => {
  it.each([
    ["SET @a = 'b'"],
    ['SET SESSION sql_mode = ANSI'],
    ['SET NAMES latin1'],
    ['SELECT @a := 1'],
    ['UPDATE t SET n = (@n := @n + 1)'],
    ['SELECT @@version, @a'],
    ['USE other'],
    ['INSERT INTO t (a) VALUES (1) RETURNING id'],
  ])('is known: %s', (sql) => expect(tracesOf(sql)).toBe('values'));
});

describe('a statement that may leave anything', () => {
  it.each([
    ["SELECT GET_LOCK('a', 1)"],
    ["SET @a = GET_LOCK('a', 1)"],
    ["SELECT {fn GET_LOCK('a', 1)}"],
    ['SELECT LAST_INSERT_ID(42)'],
    ['UPDATE t SET id = LAST_INSERT_ID(id + 1)'],
    ['SELECT NEXTVAL(s)'],
    ['SELECT NEXT VALUE FOR s'],
    ['SELECT s.nextval'],
    ['SELECT my_function(1)'],
    ['SELECT `lower`(1)'],
    ['SELECT "lower"(1)'],
    ['SELECT app.lower(1)'],
    ['SELECT app . lower (1)'],
    ['SELECT lower (1)'],
    ['SELECT rank() OVER (ORDER BY a) FROM t'],
    ['INSERT INTO t (a) VALUES (my_function(1))'],
    ['INSERT INTO t.x.f(1) VALUES (1)'],
    ['SELECT 1 INTO @a'],
    ["SELECT 1 INTO OUTFILE '/tmp/x'"],
    ['SET STATEMENT lock_wait_timeout = 1 FOR LOCK TABLES t WRITE'],
    ['CREATE TEMPORARY TABLE t (a INT)'],
    ['CREATE TABLE t (a INT)'],
    ['LOCK TABLES t WRITE'],
    ['FLUSH TABLES WITH READ LOCK'],
    ['HANDLER t OPEN'],
    ["PREPARE s FROM 'SELECT 1'"],
    ["EXECUTE IMMEDIATE 'SET @a = 1'"],
    ['CALL p()'],
    ["DO GET_LOCK('a', 1)"],
    ['BEGIN NOT ATOMIC SET @a = 1; END'],
    ['COMMIT AND CHAIN'],
    ["XA START 'a'"],
    ['SELECT 1; SET @a = 1'],
    ['SELECT * FROM t PROCEDURE ANALYSE()'],
    ['EXPLAIN SELECT 1'],
    ['SHOW TABLES'],
    [`SELECT '${'x'.repeat(20_000)}'`],
    [''],
    [';'],
    ['selection'],
  ])('is not taken for less: %s', (sql) => expect(tracesOf(sql)).toBe('anything'));

  it.each([
    ['a comment', 'SELECT 1 -- x'],
    ['a comment after a control character', "SELECT 1 --\x7f'\n, GET_LOCK('lk', 0) -- '"],
    ['what may be a comment', 'SELECT 1--1'],
    ['a block', 'SELECT /* x */ 1'],
    ['a block that some servers run', "SELECT /*! GET_LOCK('a', 1) */"],
    ['a hint', 'SELECT /*+ SET_VAR(sort_buffer_size = 1) */ 1'],
    ['the end of a block', 'SELECT 1 */ 2'],
    ['a hash', 'SELECT 1 # x'],
    ['a backslash', "SELECT 'a\\', GET_LOCK('a', 1), '"],
    ['an unclosed string', "SELECT 'a"],
    ['a character beyond ASCII', "SELECT 'é'"],
    ['a blank beyond ASCII', 'SELECT\u00a01'],
    ['a control character', 'SELECT\x0b1'],
    ['NUL', 'SELECT 1\0'],
    ['a dollar', 'SELECT $$ 1 $$'],
    ['brackets, which quote where sql_mode is MSSQL', "SELECT [']"],
    ['the place of a value in a string', "SELECT '?'"],
    ['the place of a named value in a string', "SELECT ':name'"],
  ])('is one with %s', (_what, sql) => expect(tracesOf(sql)).toBe('anything'));

  it('may leave what lasts, where it has COMMIT end the session, which shows only afterwards', () => {
    expect(tracesOf('SET completion_type = 2')).toBe('lasting');
    expect(tracesOf('SET @@session.Completion_Type = RELEASE')).toBe('lasting');
  });

  it('may leave what lasts, where it has the server record statements', () => {
    for (const sql of [
      'SET profiling = 1',
      'SET @@session.PROFILING = 1',
      "EXECUTE IMMEDIATE 'SET profiling=1'",
    ]) {
      expect(tracesOf(sql)).toBe('lasting');
    }
  });
});
