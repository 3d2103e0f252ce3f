import { soup } from './soup.mjs';

/** @typedef {import('../contracts/dialect.js').Mark} Mark */
/** @typedef {import('../random.mjs').Random} Random */

/** What begins a name that SQLite reads as one with the parentheses that follow it. */
const SIGNS = ['$', '@', ':', '#', '$a::', '@a::', '$a::b', '?1', '$1'];

const INGREDIENTS = {
  blanks: [' ', '\n', '\t', '\f', '\r', '/**/', "/* ' */", "-- '\n", '--\n', '--\x7f\n', '\ufeff'],
  openers: SIGNS,
  forms: [
    "SELECT ~a('); {}; SELECT ~b(')",
    "SELECT ~a('); {}; SELECT ~b(')",
    "SELECT ~a('); {} --')",
    'SELECT ~a("); {}; SELECT ~b(")',
    'SELECT ~a(`); {}; SELECT ~b(`)',
    'SELECT ~a([); {}; SELECT ~b(])',
    'SELECT ~a(/*); {}; SELECT ~b(*/)',
    'SELECT ~a(--);_{}',
    'SELECT ~a(;);_{}; SELECT 1',
    "SELECT ~a(x'); {}; SELECT ~b(')",
    'SELECT 1;_{}',
    "SELECT '''';_{}",
    "SELECT x'00';_{}; SELECT ''",
    ';_;_{}',
    // Signs of comments that begin none, for one who takes comments out first.
    "SELECT '/*'; {}; SELECT '*/'",
    'SELECT 1 AS "--"; {}; SELECT 1 AS "\n"',
    '_{}',
    '\ufeff{}',
    '\x0b{}',
    "/* ' */_{}",
    "-- '\n{}; -- '",
    "--~'\n{}",
    'SELECT "a""";_{}',
    'SELECT [a"];_{}; SELECT "]',
    'SELECT `a"`;_{}; SELECT "`',
    'SELECT 1 /*;_*/;_{}',
    'SELECT 1 /* /* */;_{}; -- */',
    'EXPLAIN_{}',
    'EXPLAIN QUERY PLAN_{}',
    'CREATE TRIGGER IF NOT EXISTS hunt_t AFTER INSERT ON whoami BEGIN SELECT 1; END;_{}',
    'CREATE TRIGGER IF NOT EXISTS hunt_t AFTER INSERT ON whoami BEGIN SELECT CASE WHEN 1 THEN 2 END; END;_{}',
    'WITH x AS (SELECT 1) SELECT * FROM x;_{}',
    'SELECT 1 AS e;_{}',
  ],
  scraps: [
    ...[
      "'",
      "''",
      '"',
      '`',
      '[',
      ']',
      '$a(',
      '@b(',
      ':c(',
      '#d(',
      ')',
      '/*',
      '*/',
      '--',
      '\n',
      ';',
      ';',
      ';',
    ],
    ...[' ', ',', '1', 'x', '?', '::', '\x7f', '\x0b', '\f', '\ufeff', 'SELECT 1'],
  ],
};

/**
 * Something that a text hides: another file, a pragma that the next one would feel, a temporary table.
 *
 * @param {Mark} mark
 * @param {Random} random
 */
export function hidden({ request }, random) {
  const table = `"hunt ${request}"`;
  const temporary = random.pick([
    'temp',
    'TEMP',
    '"temp"',
    '[temp]',
    '`temp`',
    "'temp'",
    'temp/**/',
    'temp\n',
  ]);
  const blank = random.pick([' ', '\n', '/**/', '\t', "/*'*/", '\f']);
  return soup(
    random,
    INGREDIENTS,
    random.pick([
      `ATTACH${blank}':memory:' AS hunt_other`,
      `ATTACH DATABASE${blank}':memory:'${blank}AS "hunt_other"`,
      `attach${blank}'' || ':memory:' as 'hunt_other'`,
      `PRAGMA${blank}query_only = 1`,
      `PRAGMA main.${blank}query_only(1)`,
      `PRAGMA${blank}"ignore_check_constraints" = 1`,
      `PRAGMA${blank}reverse_unordered_selects = on`,
      `CREATE${blank}TEMP${blank}TABLE ${table} (mark)`,
      `CREATE TABLE ${temporary}.${table} (mark)`,
      `CREATE TABLE${blank}${temporary}${blank}.${table} AS SELECT 1 AS mark`,
      `CREATE TEMPORARY VIEW ${table} AS SELECT 1`,
    ]),
  );
}
