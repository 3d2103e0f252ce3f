import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { until, useServer } from './test-server.js';

const NAMES = 'SELECT name FROM users';

onEngine('postgres', () => {
  const test = useServer();

  /** Whether a backend holds a lock that its session took, as another sees it. */
  async function locks(pid: unknown): Promise<number> {
    return (await test.admin(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = ${Number(pid)}`))
      .length;
  }

  async function pidOf(connection: PostgresConnection): Promise<unknown> {
    return (await connection.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  }

  describe('a session that is reset', () => {
    it('loses the last values of its sequences, and not what is prepared, where it only inserted', async () => {
      const connection = await test.open();
      await connection.query('CREATE TABLE numbered (id serial, name text)');
      await connection.reset();
      const { client, revoke } = connection.lend();
      const named = () =>
        (client as pg.Client).query({ name: 'named', text: 'SELECT count(*) FROM numbered' });
      await named();
      await connection.query("INSERT INTO numbered (name) VALUES ('a')");
      expect(connection.isTouched()).toBe(true);
      await connection.reset();
      expect((await named()).rows).toEqual([{ count: '1' }]);
      revoke();
      await expect(connection.query('SELECT lastval()')).rejects.toThrow(/not yet defined/);
    });

    it('was touched by what a trigger set, where the server reports it', async () => {
      const connection = await test.open();
      await connection.query('CREATE TABLE watched (id int)');
      await connection.query(
        `CREATE FUNCTION sets() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN PERFORM set_config('TimeZone', 'Asia/Tokyo', false); RETURN NULL; END $$`,
      );
      await connection.query('CREATE TRIGGER sets AFTER UPDATE ON watched EXECUTE FUNCTION sets()');
      await connection.reset();
      await connection.query('UPDATE watched SET id = 1');
      expect(connection.isTouched()).toBe(true);
      await connection.reset();
      expect((await connection.query('SHOW TimeZone')).rows).not.toEqual([{ TimeZone: 'Asia/Tokyo' }]);
    });

    it('is not clean while it is, and is closed when the server cannot', async () => {
      const connection = await test.open();
      const underWay = connection.reset();
      expect(connection.isClean()).toBe(false);
      await underWay;
      expect(connection.isClean()).toBe(true);
      await connection.begin();
      await expect(connection.reset()).rejects.toThrow(/transaction/);
      expect(connection.isClean()).toBe(false);
    });
  });

  describe.each(['schema', 'row'] as const)('a session of one %s that is reset', (isolation) => {
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await shareDatabase(test, isolation);
    });

    it('lets a lock go at once, and reaches its tenant as before', async () => {
      const connection = await shared.open('a');
      expect((await connection.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
      const pid = await pidOf(connection);
      await connection.query('SELECT pg_advisory_lock(77)');
      await connection.query("SET search_path = 'pg_catalog'");
      expect(await locks(pid)).toBe(1);
      await connection.reset();
      await until(async () => (await locks(pid)) === 0);
      expect([connection.isTouched(), connection.isClean()]).toEqual([false, true]);
      expect((await connection.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
      await connection.close();
    });
  });
});
