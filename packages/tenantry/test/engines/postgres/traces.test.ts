import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { tracesOf } from '../../../src/engines/postgres/traces.js';
import { useServer } from './test-server.js';

describe('a statement that leaves nothing in its session', () => {
  it.each([
    ['SELECT 1'],
    ['SELECT * FROM users WHERE id = $1 AND name ILIKE $2 ORDER BY id LIMIT 10'],
    ['select "u"."id", count(*) filter (where a > 1) from "app"."users" as "u" group by (1) for update;'],
    ['SELECT * FROM t WHERE id = ANY($1::int[]) AND a IN ($2, $3)'],
    ['SELECT v.n FROM (VALUES (1), (2)) AS v (n) JOIN LATERAL unnest(a) AS x (y) ON true'],
    ['WITH RECURSIVE tree (id) AS MATERIALIZED (SELECT 1) SELECT * FROM tree'],
    ['SELECT pg_catalog.current_database()::pg_catalog.text AS name'],
    ["SELECT 'pg_advisory_lock(1)', 'it''s -- /* $$', \"set_config(\"\nFROM t"],
    ["SELECT 'größe', a->>'b' FROM t WHERE c @> $1 AND d = .5e3;\n"],
    ['UPDATE users SET name = upper(name), at = now() WHERE id = $1 RETURNING *'],
    ['DELETE FROM users USING others WHERE users.id = others.id'],
    ['SHOW search_path'],
    ['EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM users'],
    ['BEGIN'],
    ['begin isolation level repeatable read, read only'],
    ['START TRANSACTION READ WRITE'],
    ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
    ['COMMIT;'],
    ['END TRANSACTION'],
    ['ROLLBACK TO SAVEPOINT a1'],
    ['SAVEPOINT "a b"'],
    ['RELEASE a1'],
  ])('is known: %s', (sql) => expect(tracesOf(sql)).toBe('none'));
});

describe('a statement that may leave the last value of a sequence', () => {
  it.each([
    ['INSERT INTO users (name) VALUES ($1), ($2) RETURNING id'],
    ['INSERT INTO "app"."users" AS u ("name") SELECT 1 ON CONFLICT (id) DO UPDATE SET name = excluded.name'],
    ['WITH a AS (INSERT INTO t (b) VALUES (1) RETURNING *) SELECT * FROM a'],
    ['MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (1)'],
    ['UPDATE t SET id = DEFAULT'],
  ])('is known: %s', (sql) => expect(tracesOf(sql)).toBe('keys'));
});

describe('a statement that may leave anything', () => {
  it.each([
    ['SELECT pg_advisory_lock(1)'],
    ['SELECT PG_TRY_ADVISORY_LOCK (1)'],
    ['SELECT pg_catalog . pg_advisory_lock -- x\n(1)'],
    ["SELECT set_config('a.b', 'c', true)"],
    ["SELECT nextval('a')"],
    ['SELECT lo_open(1, 2)'],
    ['SELECT my_function(1)'],
    ['SELECT "lower"(1)'],
    ['SELECT app.lower(1)'],
    ["SELECT 'a\\', pg_advisory_lock(1), '"],
    ["SELECT E'\\'', pg_advisory_lock(1), '"],
    ['SELECT $$ $$, pg_advisory_lock(1)'],
    ['SELECT /* /* */ */ pg_advisory_lock(1)'],
    ['SELECT 1 INTO TEMP t'],
    ['SELECT 1 AS a INTO t'],
    ['SET search_path = a'],
    ['SET LOCAL search_path = a'],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'],
    ['RESET ALL'],
    ['CREATE TEMP TABLE t (a int)'],
    ['CREATE TABLE t (a int)'],
    ['EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1'],
    ['EXPLAIN EXECUTE a'],
    ['PREPARE a AS SELECT 1'],
    ['EXECUTE a'],
    ['DECLARE a CURSOR WITH HOLD FOR SELECT 1'],
    ['LISTEN a'],
    ['COPY t FROM STDIN'],
    ['CALL p()'],
    ['DO $$ BEGIN END $$'],
    ['COMMIT AND CHAIN'],
    ["PREPARE TRANSACTION 'a'"],
    ['SELECT 1; SET a.b = 1'],
    ['SELECT setseed(0.1)'],
    ['SET seed TO 0.1'],
    ['DO $$ SELECT setseed(1) $$'],
    // Harmless, but written so that it takes more than a small grammar to know.
    ['SELECT 1 -- a comment'],
    ['/* a comment */ SELECT 1'],
    ["SELECT E'a'"],
    ["SELECT U&'a'"],
    ["SELECT _'a'"],
    ['SELECT "a""b" FROM t'],
    ['SELECT a$1 FROM t'],
    ['SELECT 1a'],
    ['SELECT größe FROM t'],
    ['SELECT\u00a01'],
    ['SELECT\v1'],
    ["SELECT 'a\u007f\u0001'"],
    ['SELECT a*-1 FROM t'],
    ['SELECT 1 === 1'],
    ['SELECT 1;;'],
    ['SELECT a.pg_catalog.lower(1)'],
    [`SELECT '${'x'.repeat(20_000)}'`],
    [''],
    ['selection'],
  ])('is not taken for less: %s', (sql) => expect(tracesOf(sql)).toBe('anything'));

  it.each([
    ["LOAD 'x'"],
    ["/* x */ LOAD 'x'"],
    ["-- x\nload 'x'"],
    ["DO $$ BEGIN EXECUTE 'LOAD ''x'''; END $$"],
    ["SELECT dblink_connect('a', 'b')"],
  ])('may leave what lasts: %s', (sql) => expect(tracesOf(sql)).toBe('lasting'));
});

const LEAVING = [
  'pg_advisory_lock',
  'set_config',
  'nextval',
  'lastval',
  'currval',
  'lo_creat',
  'my_function',
];
const GAPS = ['', ' ', '\n', '\t', '-- x\n', " -- it's\n"];
const EXPRESSIONS = [
  '1',
  'a.b',
  "'it''s'",
  '"x"',
  '$1',
  'lower(name)',
  'concat(\'(\', ")")',
  '(SELECT 1)',
  "'--'",
];
const FRAMES = [
  (list: string) => `SELECT ${list}`,
  (list: string) => `SELECT * FROM t WHERE (${list}) IN (SELECT 1)`,
  (list: string) => `UPDATE t SET a = (${list})`,
  (list: string) => `WITH c (a) AS (SELECT ${list}) SELECT * FROM c`,
];
const frame = fc.constantFrom(...FRAMES);
const gap = fc.constantFrom(...GAPS);
const harmless = fc.array(fc.constantFrom(...EXPRESSIONS), { maxLength: 4 });
const leaving = fc
  .record({
    name: fc.constantFrom(...LEAVING),
    upper: fc.boolean(),
    gap,
    schema: fc.constantFrom('', 'pg_catalog.', '"a" . '),
  })
  .map(({ name, upper, gap, schema }) => `${schema}${upper ? name.toUpperCase() : name}${gap}('x')`);

describe('whatever stands around it', () => {
  it('a call that leaves something is found', () => {
    fc.assert(
      fc.property(frame, harmless, leaving, harmless, gap, (write, before, call, after, blank) => {
        expect(tracesOf(write([...before, call, ...after].join(`,${blank}`)))).toBe('anything');
      }),
    );
  });

  it('what only looks like one in a string or a quoted name is not', () => {
    const hidden = leaving.chain((call) =>
      fc.constantFrom(`'${call.replaceAll("'", "''")}'`, '"nextval(1)"'),
    );
    fc.assert(
      fc.property(frame, harmless, hidden, harmless, (write, before, call, after) => {
        expect(tracesOf(write([...before, call, ...after].join(', ')))).toBe('none');
      }),
    );
  });
});

onEngine('postgres', () => {
  const test = useServer();

  it('of all functions that have effects, by what the server says, those on the list are known to leave nothing', async () => {
    const effective = await test.admin(
      "SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' ORDER BY 1",
    );
    expect(effective.length).toBeGreaterThan(100);
    const listed = effective
      .map(({ proname }) => String(proname))
      .filter((name) => tracesOf(`SELECT ${name}(1)`) === 'none');
    expect(listed).toEqual([
      'clock_timestamp',
      'gen_random_uuid',
      'pg_is_in_recovery',
      'pg_sleep',
      'random',
      'timeofday',
    ]);
  });
});
