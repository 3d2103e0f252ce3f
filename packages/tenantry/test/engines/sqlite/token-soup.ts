import fc from 'fast-check';

/**
 * Texts made of what a reader of SQL may stumble over, for comparing ours with SQLite's: pieces in any order,
 * with and without blanks between them, and statements that hide behind each kind of token.
 */

const blanks = [
  ...['', ' ', '\t', '\n', '\v', '\f', '\r', '\ufeff', '\u00a0', '\u2028', '\x7f', '\x01'],
  ...[';', '--x\n', '-- ATTACH', '/* */', '/**/', '/*/ */', '/*;*/', "/*'*/", '/*', '*/', '/', '--'],
];

const openers = [
  "'",
  '"',
  '`',
  '[',
  ']',
  "''",
  '""',
  "';'",
  '(',
  ')',
  ',',
  '.',
  '\\',
  '{',
  '}',
  '|',
  '->',
  '::',
];

const values = [
  ...[
    '1',
    '?',
    '?1',
    ':a',
    '$a',
    '@a',
    '#',
    '#1',
    '$a(',
    '@a(',
    ':a(',
    '#a(',
    '$a(;)',
    '$a::b(',
    "$a('",
    '@a("',
  ],
  ...["x'", "X'00'", '0x', '1e', '1_0', '.5', 'é', '\ud83d\ude00', "a''b", 'NULL', 'x'],
];

const words = [
  ...[
    'ATTACH',
    'attach',
    'AtTaCh',
    'ATTAC\u212a',
    '"attach"',
    'ATTACH DATABASE',
    'DETACH x',
    'EXPLAIN',
    'QUERY PLAN',
  ],
  ...[
    "ATTACH ':memory:' AS x",
    "':memory:'",
    'AS x',
    "':memory:' AS x",
    'SELECT 1',
    'SELECT',
    'BEGIN',
    'END',
  ],
  ...[
    'COMMIT',
    'ROLLBACK',
    'SAVEPOINT a',
    'WITH a AS (SELECT 1)',
    'VALUES (1)',
    'VACUUM',
    "INTO 'copy'",
    'temp.',
  ],
  ...[
    'PRAGMA',
    'busy_timeout',
    'query_only',
    'foreign_keys',
    'recursive_triggers',
    'user_version',
    '= 5',
    '(1)',
  ],
  ...['PRAGMA query_only = 1', 'PRAGMA temp_store = 2', 'main.', 'CREATE TABLE t (a)', 'DROP TABLE t'],
  ...[
    'CREATE TEMP TABLE tt (a)',
    'CREATE TABLE temp.tu (a)',
    'CREATE TEMP VIEW tv AS SELECT 1',
    'CREATE TRIGGER',
  ],
  ...['CREATE TEMP TRIGGER t AFTER INSERT ON t BEGIN', 'SELECT 1; END', 'INSERT INTO t VALUES (1)'],
  ...['CREATE TRIGGER IF NOT EXISTS tr AFTER INSERT ON t BEGIN SELECT 1; END;', 'ANALYZE', 'REINDEX'],
  ...["SELECT sha3_query('ATTACH '':memory:'' AS y')", 'pragma_query_only', 'FROM pragma_query_only(1)'],
];

const hidden = fc.constantFrom(
  ..."ATTACH ':memory:' AS x|PRAGMA query_only = 1|CREATE TEMP TABLE tt (a)".split('|'),
);

/** A statement between two pieces that may or may not make one token of it, as in `$a('); ATTACH ...; SELECT $b(')`. */
const smuggled = fc
  .tuple(fc.constantFrom(...values, ...blanks), fc.constantFrom(...openers), hidden)
  .chain(([value, opener, statement]) =>
    fc
      .constantFrom(
        `SELECT ${value}${opener}); ${statement}; SELECT ${value}${opener})`,
        `SELECT ${value}${opener}; ${statement}; SELECT ${value}${opener}`,
        `SELECT 1 ${value}${opener}\n; ${statement}; --${opener}`,
      )
      .map((sql) => sql),
  );

const pieces = fc.array(fc.constantFrom(...blanks, ...openers, ...values, ...words), { maxLength: 8 });

/** Any of these. */
export const soup: fc.Arbitrary<string> = fc.oneof(
  pieces.map((parts) => parts.join('')),
  pieces.map((parts) => parts.join(' ')),
  smuggled,
);
