import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { UnsafeIsolationError } from '../../../src/errors.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { failure, useServer } from './test-server.js';

const NAMES = 'SELECT name FROM users';
const MAKES = 'CREATE TABLE forgotten (id int)';
const MAKER = `CREATE FUNCTION makes_table() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${MAKES}; RETURN 1; END $$`;

onEngine('postgres', () => {
  const test = useServer();
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** What the pool does between two leases of one tenant. */
  async function betweenLeases(connection: PostgresConnection): Promise<void> {
    if (connection.isTouched()) await connection.reset();
  }

  function aMinuteLater(): void {
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now + 61_000);
  }

  describe('a table without policies that is made while sessions of row keys are open', () => {
    let shared: SharedDatabase;
    beforeEach(async () => {
      shared ??= await shareDatabase(test, 'row');
    });
    afterEach(async () => {
      await shared.owner('DROP TABLE IF EXISTS forgotten; DROP FUNCTION IF EXISTS makes_table()');
    });

    /** The next lease of its tenant, or of another one. */
    async function assertRefused(connection: PostgresConnection, isMoved: boolean): Promise<void> {
      if (isMoved) connection.rebind(shared.database, { part: shared.part('b') });
      else await betweenLeases(connection).catch(() => {});
      const written = connection.query("INSERT INTO users (name) VALUES ('refused')");
      const error = await failure(written);
      if (!(error instanceof NotSentError)) {
        expect(error).toBeInstanceOf(UnsafeIsolationError);
        expect(error.message).toContain('forgotten');
      }
      expect(connection.isAlive()).toBe(false);
      await connection.close();
    }

    async function written(): Promise<unknown> {
      const witness = await test.open();
      return (await witness.query("SELECT FROM users WHERE name = 'refused'")).rows.length;
    }

    it.each([
      ['CREATE TABLE', [MAKES]],
      ['CREATE TABLE AS', ['CREATE TABLE forgotten AS SELECT 1 AS id']],
      ['SELECT INTO', ['SELECT 1 AS id INTO forgotten']],
      ['a function', ['SELECT makes_table()']],
      ['a function, by a prepared statement', ['PREPARE m AS SELECT makes_table()', 'EXECUTE m']],
      ['a function, in a transaction', ['BEGIN', 'SELECT makes_table()', 'SELECT 1', 'COMMIT']],
    ])('by %s ends every session of the process before it serves anybody', async (_, texts) => {
      await shared.owner(MAKER);
      const [maker, same, moved] = [await shared.open('a'), await shared.open('a'), await shared.open('a')];
      for (const connection of [same, moved]) {
        await connection.query(NAMES);
        await betweenLeases(connection);
      }
      for (const sql of texts) await maker.query(sql);
      await assertRefused(maker, false);
      await assertRefused(same, false);
      await assertRefused(moved, true);
      expect(await written()).toBe(0);
    });

    it('is found though somebody looked before its transaction had ended', async () => {
      const [maker, other] = [await shared.open('a'), await shared.open('b')];
      await maker.query('BEGIN');
      await maker.query(MAKES);
      await betweenLeases(other);
      expect((await other.query(NAMES)).rows).toEqual([{ name: 'user of b' }]);
      await betweenLeases(other);
      await maker.query('COMMIT');
      await assertRefused(other, false);
      await maker.close();
    });

    it('is found where its maker was lost with the transaction under way', async () => {
      await shared.owner(MAKER);
      const [maker, other] = [await shared.open('a'), await shared.open('b')];
      const { rows } = await maker.query('SELECT pg_backend_pid() AS pid');
      const making = maker.query('SELECT makes_table() WHERE pg_sleep(30) IS NULL');
      const ended = expect(making).rejects.toThrow();
      await shared.owner(MAKES);
      const lost = new Promise((resolve) => maker.onLost(resolve));
      await expect
        .poll(() =>
          test.admin(`SELECT FROM pg_stat_activity WHERE pid = ${rows[0]?.pid} AND state = 'active'`),
        )
        .toHaveLength(1);
      await test.admin(`SELECT pg_terminate_backend(${rows[0]?.pid})`);
      await Promise.all([ended, lost]);
      await maker.close();
      await shared.owner(`GRANT SELECT ON forgotten TO ${new URL(shared.url).username}`);
      await assertRefused(other, false);
    });

    it('is found within a minute where another process made it', async () => {
      const [connection, other] = [await shared.open('a'), await shared.open('a')];
      const grant = `GRANT SELECT ON forgotten TO ${new URL(shared.url).username}`;
      await shared.owner(`${MAKES}; ${grant}`);
      await betweenLeases(connection);
      expect((await connection.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
      aMinuteLater();
      await betweenLeases(connection);
      await assertRefused(connection, false);
      await shared.owner('DROP TABLE forgotten');
      await betweenLeases(other);
      expect((await other.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
      expect(other.isClean()).toBe(true);
      await other.close();
    });
  });

  describe.each(['schema', 'row'] as const)(
    'an extension with a memory that comes while a %s is served',
    (isolation) => {
      // A database of its own: `users` is in the other one already.
      const test = useServer();

      it('keeps every connection with its tenant', async () => {
        const shared = await shareDatabase(test, isolation);
        const [moved, idle] = [await shared.open('a'), await shared.open('a')];
        await shared.owner(
          `CREATE SCHEMA outside_${isolation}; CREATE EXTENSION dblink SCHEMA outside_${isolation}`,
        );
        aMinuteLater();
        const target = { part: shared.part('b') };
        moved.rebind(shared.database, target);
        expect(await failure(moved.query(NAMES))).toBeInstanceOf(NotSentError);
        expect(moved.isAlive()).toBe(false);
        expect(() => idle.rebind(shared.database, target)).toThrow(/memory/);
        const fresh = await shared.open('a');
        await fresh.query(NAMES);
        await betweenLeases(fresh);
        expect((await fresh.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
        // Twice: a connection that the proof has ended is known by what comes after.
        for (const _ of ['proved', 'after it']) {
          aMinuteLater();
          await betweenLeases(fresh);
          expect((await fresh.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
        }
        expect(fresh.isAlive()).toBe(true);
        for (const connection of [moved, idle, fresh]) await connection.close();
        await shared.owner(`DROP EXTENSION dblink; DROP SCHEMA outside_${isolation}`);
      });
    },
  );
});
