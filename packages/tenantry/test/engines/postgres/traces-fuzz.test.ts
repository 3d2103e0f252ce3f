import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { tracesOf } from '../../../src/engines/postgres/traces.js';
import { useServer } from './test-server.js';

/** How many texts; more of them for a longer hunt. */
const RUNS = Number(process.env.TENANTRY_FUZZ_RUNS ?? 1000);

/** Calls that leave something, and what does so beside them. */
const CALLS = [
  'pg_advisory_lock(7)',
  'pg_catalog.pg_advisory_lock(7)',
  "set_config('app.left', 'x', false)",
  "nextval('numbers')",
];
const LEAVING = [
  ...CALLS,
  'SET app.left = 1;',
  'CREATE TEMP TABLE remains (a int);',
  'LISTEN told;',
  'PREPARE kept AS SELECT 1;',
  'INTO TEMP remains',
  'pg_advisory_lock',
];
/** What texts are made of, and what lexers differ about. */
const PIECES = [
  ...[
    'SELECT',
    'VALUES',
    '(',
    ')',
    ',',
    '.',
    '1',
    '.5',
    '$1',
    'a',
    '"a"',
    '*',
    'FROM t',
    'AS',
    'lower',
    'EXPLAIN',
  ],
  ...[
    "'",
    "''",
    '"',
    '""',
    "E'",
    "U&'",
    'U&"',
    "N'",
    "X'",
    "'x'",
    "\\'",
    '\\',
    "'\\'",
    '--',
    '-',
    '/*',
    '*/',
  ],
  ...['$$', '$a$', '$', ';', '::', ':', '[', ']', '+', '=', '||', '->', '@', '#', '&', '`', '?', '!', '==='],
  ...[' ', '\n', '\r', '\t', '\v', '\u0001', '\u007f', '\u0085', '\u00a0', '\u2028', 'é', '😀'],
];
const soup = fc
  .array(fc.constantFrom(...PIECES, ...LEAVING), { maxLength: 6 })
  .chain((pieces) => fc.constantFrom('', ' ').map((gap) => pieces.join(gap)));
/** A call between what may open and close a quotation around it, or may not. */
const hidden = fc
  .tuple(
    fc.constantFrom(
      ...["'\\'", "'\\''", "'x' --'\n", "'x' --'\r", "1 -- '\r", "E'\\''", "$$'$$", '"\'"', "U&'\\'", "'/*'"],
      ...["/*'*/ 1", "/*/*'*/*/ 1"],
    ),
    fc.constantFrom(...CALLS),
    fc.constantFrom(
      ...["'\\'", "'\\''", "'x'", "-- '\n 1", "-- '\r 1", "E'\\''", "$$'$$", '"\'"', "'*/'", "/*'*/ 1", "'"],
    ),
  )
  .chain((parts) => fc.constantFrom(', ', '\n||').map((gap) => parts.join(gap)));
const valid = fc.constantFrom(
  ...[
    '1',
    '.5',
    "'it''s'",
    "'a'::text",
    'lower(b)',
    '(SELECT 1)',
    '-a',
    'b || b',
    't.a',
    '"a"',
    "'\n'",
    "'é😀'",
  ],
  ...['ARRAY[1]', "CASE WHEN true THEN 'x' END", 'coalesce(1, 2)', 'pg_catalog.lower(b)', "'-- /* $$'"],
);
const item = fc.oneof(
  { weight: 5, arbitrary: valid },
  { weight: 2, arbitrary: hidden },
  { weight: 1, arbitrary: soup },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("'", '"', "E'", '/*'), soup, fc.constantFrom("'", '"'))
      .map((parts) => parts.join('')),
  },
);
const FRAMES: readonly ((list: string) => string)[] = [
  (list) => `SELECT ${list} FROM t`,
  (list) => `SELECT * FROM t WHERE (${list}) IS NULL`,
  (list) => `VALUES (${list})`,
  (list) => `WITH c AS (SELECT ${list} FROM t) SELECT * FROM c`,
  (list) => `UPDATE t SET b = (SELECT ROW(${list})::text)`,
  (list) => `INSERT INTO t (b) SELECT concat(${list}) FROM t LIMIT 1`,
  (list) => `EXPLAIN ANALYZE SELECT ${list} FROM t`,
];
const text = fc
  .tuple(
    fc.constantFrom(...FRAMES),
    fc.array(item, { minLength: 1, maxLength: 3 }),
    fc.constantFrom(',', ', ', ',\n'),
    fc.constantFrom('', '', '', ';', '\n', ' -- x', ' INTO remains'),
  )
  .map(([frame, items, separator, end]) => frame(items.join(separator)) + end);

/** What is left, by the server's own word. */
const LEFT = `SELECT
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
  + (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() OR relname = 'remains')
  + (SELECT count(*) FROM pg_settings WHERE source = 'session')
  + (SELECT count(*) FROM pg_prepared_statements) + (SELECT count(*) FROM pg_cursors WHERE is_holdable)
  + (SELECT count(*) FROM pg_listening_channels())
  + CASE WHEN NULLIF(current_setting('app.left', true), '') IS NULL THEN 0 ELSE 1 END AS left`;

onEngine('postgres', () => {
  const test = useServer();

  /** Whether a text ran, by one of the two protocols at least. */
  async function runs(connection: PostgresConnection, sql: string): Promise<boolean> {
    let ran = false;
    for (const run of [() => connection.runScript(sql), () => connection.query(`${sql};`)]) {
      await run().then(
        () => {
          ran = true;
        },
        () => {},
      );
    }
    return ran;
  }

  describe('a text that is judged to leave nothing', () => {
    beforeAll(async () => {
      const connection = await test.open();
      await connection.runScript(
        "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'); CREATE SEQUENCE numbers",
      );
    });

    it.each(['on', 'off'])(
      'leaves nothing by the server’s own word, with standard strings %s',
      async (value) => {
        await test.admin(`ALTER DATABASE "${test.database}" SET standard_conforming_strings TO ${value}`);
        const connection = await test.open();
        let ran = 0;
        await fc.assert(
          fc.asyncProperty(text, async (sql) => {
            const traces = tracesOf(sql);
            if (traces !== 'none' && traces !== 'keys') return;
            if (await runs(connection, sql)) ran++;
            expect((await connection.query(LEFT)).rows).toEqual([{ left: '0' }]);
            if (traces === 'none')
              await expect(connection.query('SELECT lastval()')).rejects.toThrow(/not yet defined/);
          }),
          { numRuns: RUNS },
        );
        expect(ran).toBeGreaterThan(RUNS / 20);
      },
      120_000,
    );
  });
});
