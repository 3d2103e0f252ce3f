import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../../src/engines/mysql/traces.js';

describe('a statement that leaves nothing in its session', () => {
  it.each([
    ['SELECT 1'],
    ['SELECT * FROM users WHERE id = ? AND name LIKE ? ORDER BY id LIMIT 10'],
    ['select count(*), max(u.age) from users u where u.id in (?, ?) group by u.name having count(*) > 1'],
    ['SELECT a.*, LOWER(b.name) AS n FROM a JOIN b USING (id) FOR UPDATE;'],
    ['(SELECT 1) UNION ALL (SELECT 2)'],
    [
      'WITH RECURSIVE tree (id, parent) AS (SELECT 1, 2 UNION ALL SELECT id, parent FROM tree) SELECT * FROM tree',
    ],
    ['SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) FROM t'],
    ['SELECT JSON_EXTRACT(data, ?) FROM t'],
    ["SELECT 'GET_LOCK(1)', `SET @a` FROM `release_lock` -- GET_LOCK('a', 1)\n/* @a := 1 */"],
    ['SELECT @@version, @@session.sql_mode'],
    ['SELECT LAST_INSERT_ID()'],
    ['INSERT INTO users (id, name) VALUES (?, ?), (?, ?)'],
    ['INSERT IGNORE INTO `app`.`users` (`id`) VALUES (?) ON DUPLICATE KEY UPDATE name = VALUES(name)'],
    ['REPLACE INTO users(id) SELECT id FROM others'],
    ['UPDATE users SET name = UPPER(name), at = NOW() WHERE id = ?'],
    ['DELETE FROM users WHERE id IN (SELECT id FROM gone)'],
    ['SHOW TABLES'],
    ['EXPLAIN SELECT * FROM users'],
    ['BEGIN'],
    ['START TRANSACTION READ ONLY'],
    ['commit;'],
    ['ROLLBACK TO SAVEPOINT sp1'],
    ['SAVEPOINT `a b`'],
    ['RELEASE SAVEPOINT sp1'],
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
    ['SELECT @@@a'],
    ['USE other'],
    ['INSERT INTO t (a) VALUES (1) RETURNING id'],
  ])('is known: %s', (sql) => expect(tracesOf(sql)).toBe('values'));
});

describe('a statement that may leave anything', () => {
  it.each([
    ["SELECT GET_LOCK('a', 1)"],
    ["SELECT get_lock ('a', 1)"],
    ["SELECT /*! GET_LOCK('a', 1) */"],
    ["SELECT GET_LOCK/* */('a', 1)"],
    ["SET @a = GET_LOCK('a', 1)"],
    ["SELECT {fn GET_LOCK('a', 1)}"],
    ["SELECT 'a\\', GET_LOCK('a', 1), '"],
    ['SELECT LAST_INSERT_ID(42)'],
    ['UPDATE t SET id = LAST_INSERT_ID(id + 1)'],
    ['SELECT NEXTVAL(s)'],
    ['SELECT NEXT VALUE FOR s'],
    ['SELECT s.nextval'],
    ['SELECT my_function(1)'],
    ['SELECT `lower`(1)'],
    ['SELECT app.lower(1)'],
    ['SELECT app . lower (1)'],
    ['SELECT "lower"(1)'],
    ['INSERT INTO t (a) VALUES (my_function(1))'],
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
    [`SELECT '${'x'.repeat(20_000)}'`],
    [''],
    ['selection'],
  ])('is not taken for less: %s', (sql) => expect(tracesOf(sql)).toBe('anything'));

  it('may leave what lasts, where it has the server record statements', () => {
    for (const sql of [
      'SET profiling = 1',
      'SET @@session.PROFILING = 1',
      "EXECUTE IMMEDIATE 'SET profiling=1'",
    ]) {
      expect(tracesOf(sql)).toBe('lasting');
    }
    expect(tracesOf('SELECT * FROM profiling')).toBe('none');
  });
});

const LEAVING = [
  'get_lock',
  'release_lock',
  'release_all_locks',
  'nextval',
  'setval',
  'lastval',
  'my_function',
];
const GAPS = ['', ' ', '\n', '\t', '/**/', '/* x */', '-- x\n', '# x\n', ' /*+ x */ '];
const EXPRESSIONS = [
  '1',
  'a.b',
  "'it''s'",
  '`x`',
  '?',
  'LOWER(name)',
  "CONCAT('(', `)`)",
  '(SELECT 1)',
  '1--1',
  '"q"',
];
const FRAMES = [
  (list: string) => `SELECT ${list}`,
  (list: string) => `SELECT * FROM t WHERE (${list}) IN (SELECT 1)`,
  (list: string) => `INSERT INTO t (a, b) VALUES (${list})`,
  (list: string) => `/* x */ UPDATE t SET a = (${list}) -- x`,
  (list: string) => `WITH c (a) AS (SELECT ${list}) SELECT * FROM c`,
];

const gap = fc.constantFrom(...GAPS);
const frame = fc.constantFrom(...FRAMES);
const harmless = fc.array(fc.constantFrom(...EXPRESSIONS), { maxLength: 4 });
const leaving = fc
  .record({
    name: fc.constantFrom(...LEAVING),
    upper: fc.boolean(),
    gap,
    db: fc.constantFrom('', 'app.', '`app` . '),
  })
  .map(({ name, upper, gap, db }) => `${db}${upper ? name.toUpperCase() : name}${gap}('x')`);

describe('whatever stands around it', () => {
  it('a call that leaves something is found', () => {
    fc.assert(
      fc.property(frame, harmless, leaving, harmless, gap, (write, before, call, after, blank) => {
        expect(tracesOf(write([...before, call, ...after].join(`,${blank}`)))).toBe('anything');
      }),
    );
  });

  it('what only looks like one in a string, a quoted name or a comment is not', () => {
    const hidden = leaving.chain((call) =>
      fc.constantFrom(
        `'${call.replaceAll("'", "''")}'`,
        `(/* ${call.replaceAll('*/', '')} */ 1)`,
        '`get_lock(1)`',
      ),
    );
    fc.assert(
      fc.property(frame, harmless, hidden, harmless, (write, before, call, after) => {
        expect(tracesOf(write([...before, call, ...after].join(', ')))).toBe('none');
      }),
    );
  });
});
