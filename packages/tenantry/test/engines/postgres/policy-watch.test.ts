import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { UnsafeIsolationError } from '../../../src/errors.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();
  let shared: SharedDatabase | undefined;

  describe('a table without policies that is made while sessions of row keys are open', () => {
    beforeEach(async () => {
      shared ??= await shareDatabase(test, 'row');
    });
    afterEach(async () => {
      vi.restoreAllMocks();
      await shared?.owner('DROP TABLE IF EXISTS forgotten');
    });

    it('closes the session that made it, and others of the process before they are moved', async () => {
      if (shared === undefined) throw new Error('It was not made.');
      const [maker, other] = [await shared.open('a'), await shared.open('a')];
      expect([maker.isTouched(), other.isTouched()]).toEqual([false, false]);
      await maker.query('CREATE TABLE forgotten (id int)');
      expect([maker.isTouched(), other.isTouched()]).toEqual([true, true]);
      const { database } = shared;
      const part = shared.part('b');
      expect(() => other.rebind(database, { part })).toThrow(/looked at/);
      for (const connection of [maker, other]) {
        await expect(connection.reset()).rejects.toThrow(UnsafeIsolationError);
        await connection.close();
      }
    });

    it('is found within a minute where another process made it', async () => {
      if (shared === undefined) throw new Error('It was not made.');
      const connection = await shared.open('a');
      await shared.owner(
        `CREATE TABLE forgotten (id int); GRANT SELECT ON forgotten TO ${new URL(shared.url).username}`,
      );
      expect(connection.isTouched()).toBe(false);
      const now = performance.now();
      vi.spyOn(performance, 'now').mockImplementation(() => now + 61_000);
      expect(connection.isTouched()).toBe(true);
      await expect(connection.reset()).rejects.toThrow(/forgotten/);
      await shared.owner('DROP TABLE forgotten');
      await connection.reset();
      expect([connection.isTouched(), connection.isClean()]).toEqual([false, true]);
      expect((await connection.query('SELECT name FROM users')).rows).toEqual([{ name: 'user of a' }]);
      await connection.close();
    });
  });
});
