import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { ConnectFailedError, ConnectionEndedError } from '../../../src/engines/postgres/errors.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import type { ErrorKind } from '../../../src/errors.js';
import { failure, useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();

  describe('what the server answers', () => {
    const answers: [string, ErrorKind][] = [
      ['SELECT * FROM missing', 'missing-table'],
      ['SELECT * FROM missing.missing', 'missing-table'],
      ['SELEKT 1', 'syntax'],
      ['INSERT INTO kinds VALUES (1, 1)', 'unique-violation'],
      ['INSERT INTO kinds VALUES (NULL, 1)', 'constraint-violation'],
      ['INSERT INTO kinds VALUES (2, -1)', 'constraint-violation'],
      ["SELECT '{'::json", 'other'],
      ['DROP DATABASE "Nowhere"', 'unknown-database'],
      ['CREATE DATABASE postgres', 'database-exists'],
      ['SELECT * FROM secret', 'access-denied'],
    ];

    it.each(answers)('to %s is %s', async (sql, kind) => {
      const connection = await test.open();
      await connection.runScript(`
      CREATE TEMP TABLE kinds (id int PRIMARY KEY, amount int CHECK (amount > 0));
      INSERT INTO kinds VALUES (1, 1);
      CREATE TEMP TABLE secret ();
      ${kind === 'access-denied' ? 'SET ROLE pg_monitor' : ''}`);
      expect(postgres.classifyError(await failure(connection.query(sql)))).toBe(kind);
      expect(connection.isClean()).toBe(true);
    });

    it('is told apart for locks, deadlocks, conflicts and timeouts', async () => {
      const [one, two] = [await test.open(), await test.open()];
      await one.query('CREATE TABLE locked (id int PRIMARY KEY, n int)');
      await one.query('INSERT INTO locked VALUES (1, 0), (2, 0)');
      const change = (id: number) => `UPDATE locked SET n = n + 1 WHERE id = ${id}`;

      await one.begin();
      await one.query(change(1));
      await two.query("SET lock_timeout = '10ms'");
      expect(postgres.classifyError(await failure(two.query(change(1))))).toBe('lock-timeout');
      await two.query('RESET lock_timeout');
      await two.query("SET statement_timeout = '10ms'");
      expect(postgres.classifyError(await failure(two.query(change(1))))).toBe('cancelled');
      await two.query('RESET statement_timeout');

      await two.begin();
      await two.query(change(2));
      const both = await Promise.allSettled([one.query(change(2)), two.query(change(1))]);
      const losers = both.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(losers.map((error) => postgres.classifyError(error))).toEqual(['deadlock']);
      await Promise.all([one.rollback(), two.rollback()]);

      await one.begin({ isolationLevel: 'repeatable read' });
      await one.query('SELECT n FROM locked');
      await two.query(change(1));
      expect(postgres.classifyError(await failure(one.query(change(1))))).toBe('deadlock');
      await one.rollback();
    });
  });

  describe('a code', () => {
    it.each<[string, ErrorKind]>([
      ['28000', 'access-denied'],
      ['28P01', 'access-denied'],
      ['53300', 'too-many-connections'],
      ['53100', 'disk-full'],
      ['57P01', 'killed'],
      ['57P02', 'connection-lost'],
      ['57P03', 'unreachable'],
      ['57P05', 'killed'],
      ['XX000', 'other'],
    ])('of the server, %s, means %s', (code, kind) => {
      const error = Object.assign(new Error(), { code, severity: 'FATAL' });
      expect(postgres.classifyError(error)).toBe(kind);
    });

    it('of the system means a lost statement, unless nothing was connected', () => {
      const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      expect(postgres.classifyError(reset)).toBe('connection-lost');
      expect(postgres.classifyError(new ConnectionEndedError(reset))).toBe('connection-lost');
      expect(postgres.classifyError(new ConnectFailedError(reset))).toBe('unreachable');
      expect(postgres.classifyError(new ConnectFailedError(new AggregateError([reset], ''))).toString()).toBe(
        'unreachable',
      );
      expect(new ConnectFailedError(new AggregateError([reset, reset], '')).message).toBe(
        'read ECONNRESET; read ECONNRESET',
      );
    });

    it('is never guessed', () => {
      for (const value of [undefined, null, 57, '57P01', {}, new Error('57P01')]) {
        expect(postgres.classifyError(value)).toBe('other');
      }
    });
  });

  describe('a statement that only reads', () => {
    it.each([
      'SELECT 1',
      "  select id, 'insert; it''s' FROM users -- delete\n WHERE id = $1 ;",
      'SELECT count(*) FROM "for update" WHERE id IN (1, 2)',
      'WITH a AS (SELECT 1) SELECT coalesce(max(n), 0) FROM a',
      'VALUES (1)',
      'TABLE users',
      'SHOW server_version',
      '(SELECT 1) UNION (SELECT 2)',
    ])('%s', (sql) => {
      expect(postgres.isRead(sql)).toBe(true);
    });

    it.each([
      '',
      'INSERT INTO users VALUES (1)',
      'WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone',
      'SELECT * INTO copy FROM users',
      'SELECT * FROM users FOR UPDATE',
      "SELECT nextval('s')",
      'SELECT evil.lower(name) FROM users',
      'SELECT "charge"(1)',
      'SELECT 1; DELETE FROM users',
      "SELECT E'\\'', delete_all(), ''",
      'SELECT $$a$$',
      'SELECT /* a /* b */ c */ 1',
      "SELECT 'unclosed",
      'EXPLAIN ANALYZE DELETE FROM users',
      'CALL charge()',
    ])('is not: %s', (sql) => {
      expect(postgres.isRead(sql)).toBe(false);
    });
  });
});
