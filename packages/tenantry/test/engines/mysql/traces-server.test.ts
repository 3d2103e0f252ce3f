import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import mysql2, { type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { FUNCTIONS, WORDS } from '../../../src/engines/mysql/harmless-names.js';
import { tracesOf } from '../../../src/engines/mysql/traces.js';
import { useServer } from './test-server.js';

/** Of the whole server, hence of this run only. */
const LOCK = `lock_${randomBytes(6).toString('hex')}`;
/** What a statement must not have left whose text was judged to leave nothing. */
const LEFT = `SELECT @v AS variable, IS_USED_LOCK('${LOCK}') AS locked, LAST_INSERT_ID() AS made_up,
  CONCAT_WS(' ', @@sql_mode, @@autocommit, @@time_zone, @@in_transaction, @@sql_select_limit, @@character_set_client) AS settings,
  DATABASE() AS db`;

onEngine('mysql', () => {
  const test = useServer();
  let client: Connection;

  beforeAll(async () => {
    const { username, password, searchParams, hostname, port } = new URL(test.url);
    const socketPath = searchParams.get('socketPath') ?? undefined;
    client = await mysql2.createConnection({
      ...(socketPath === undefined ? { host: hostname, port: Number(port) } : { socketPath }),
      ...{ user: decodeURIComponent(username), password: decodeURIComponent(password) },
      ...{ database: test.database, charset: 'utf8mb4' },
    });
    await client.query('CREATE TABLE t (a INT, b INT)');
    await client.query('CREATE SEQUENCE s');
  });
  afterAll(() => client.end());

  const left = async () => {
    const [rows] = await client.query(LEFT);
    return JSON.stringify(rows);
  };
  const reset = async () => {
    await client.reset();
    await client.query(`USE \`${test.database}\``);
  };

  describe('a statement that is judged to leave nothing', () => {
    it('has left nothing at the server, whatever it is put together of', async () => {
      const clean = await left();
      let ran = 0;
      await fc.assert(
        fc.asyncProperty(soup, async (sql) => {
          if (tracesOf(sql) !== 'none') return;
          await client.query(sql).then(
            () => ran++,
            () => {},
          );
          await client.query('ROLLBACK');
          const now = await left();
          if (now === clean) return;
          await reset();
          expect(now, JSON.stringify(sql)).toBe(clean);
        }),
        { numRuns: 3000, endOnFailure: true },
      );
      expect(ran).toBeGreaterThan(20);
    });

    it('calls no stored function, whatever its name is', async () => {
      const clean = await left();
      const names = [...FUNCTIONS, ...WORDS, 'over', 'last_insert_id', 'returning'];
      for (const name of names) {
        const body = `BEGIN SET @v = 1; RETURN GET_LOCK('${LOCK}', 0); END`;
        await client.query(`CREATE FUNCTION \`${name}\`() RETURNS INT ${body}`);
      }
      for (const name of names) {
        for (const call of [`${name}()`, `${name} ()`]) {
          for (const sql of [`SELECT ${call}`, `SELECT 1 WHERE ${call} IS NULL`]) {
            if (tracesOf(sql) === 'none') await client.query(sql).catch(() => {});
          }
        }
        expect(await left(), name).toBe(clean);
      }
    });
  });

  const pieces = [
    ...["'", '"', '`', "''", "'a'", '"a"', '`a`', "'it''s'", '\\', "\\'", "'\\'"],
    ...[
      '--',
      '-- ',
      '--\t',
      '--\n',
      '--\x7f',
      '--\x01',
      "--\x7f'\n",
      "-- '\n",
      '#',
      "#'\n",
      '\n',
      ' ',
      '\x0b',
      '\xa0',
    ],
    ...[
      '/*',
      '*/',
      '/**/',
      "/*'*/",
      '/*!',
      '/*!99999',
      "/*M!'",
      '/*+',
      '$$',
      '{',
      '}',
      '[',
      ']',
      ';',
      ',',
      '(',
    ],
    ...[
      ')',
      '1',
      'a',
      'FROM t',
      'AS x',
      '?',
      '.',
      '-',
      '/',
      '*',
      'é',
      '@',
      ':=',
      '@v := 1',
      'LOWER(',
      'x',
      '\0',
    ],
  ];
  const filler = fc.array(fc.constantFrom(...pieces), { maxLength: 4 }).map((list) => list.join(''));
  const leaving = fc.constantFrom(
    ...[
      `GET_LOCK('${LOCK}',0)`,
      `GET_LOCK("${LOCK}",0)`,
      '@v := 1',
      'LAST_INSERT_ID(42)',
      'NEXTVAL(s)',
      '1',
      '2 INTO @v',
    ],
  );
  const frames = fc.constantFrom(
    ...[
      'SELECT 1 A, B C',
      'SELECT A B C',
      'SELECT 1 FROM t WHERE a = A B C',
      'INSERT INTO t (a) VALUES (A B C)',
    ],
    ...[
      "SELECT 'A' , B C 'x'",
      'UPDATE t SET a = A B C',
      'SELECT A, B C',
      "SELECT 1 A'\n, B -- 'C",
      'SET A B C',
      'A B C',
    ],
    ...['SELECT `A` , B `C`', 'SELECT "A" , B "C"', 'BEGIN A B C', 'DELETE FROM t WHERE (A, B) C'],
  );
  const soup = fc
    .tuple(frames, filler, leaving, filler)
    .map(([frame, a, b, c]) => frame.replace(/[ABC](?![A-Z])/g, (key) => ({ A: a, B: b, C: c })[key] ?? ''));
});
