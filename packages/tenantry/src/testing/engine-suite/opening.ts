import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../engine/not-sent.js';
import { failureOf, numberFrom, type SuiteContext } from './suite-context.js';

/** Opening and closing connections. */
export function describeOpening(suite: SuiteContext): void {
  describe('opening a connection', () => {
    it('leads to the database that was asked for', async () => {
      const connection = await suite.open();
      expect(connection.database).toBe(suite.database);
      expect(await connection.currentDatabase()).toBe(suite.database);
      await connection.ping();
      expect([connection.isAlive(), connection.isClean()]).toEqual([true, true]);
    });

    it('says that a database is missing', async () => {
      const missing = suite.fixture.databaseName();
      expect(await suite.kindOf(suite.open(missing))).toBe('unknown-database');
      expect(await (await suite.provisioning()).databaseExists(missing)).toBe(false);
    });

    it('says that the credentials are refused', async (test) => {
      const refused = suite.available(test, suite.fixture.refused);
      expect(await suite.kindOf(suite.open(suite.database, refused))).toBe('access-denied');
    });

    it('says that nobody listens', async (test) => {
      const unreachable = suite.available(test, suite.fixture.unreachable);
      expect(await suite.kindOf(suite.open(suite.database, unreachable))).toBe('unreachable');
    });

    it('gives a silent server up in time and leaves nothing behind', async (test) => {
      const { server, connections } = suite.available(test, suite.fixture.silent);
      expect(await suite.kindOf(server.open(suite.database, { timeoutMs: 100 }))).toBe('unreachable');
      await expect.poll(connections).toBe(0);
    });

    it('gives up when it is told to and leaves nothing behind', async (test) => {
      const { server, connections } = suite.available(test, suite.fixture.silent);
      const controller = new AbortController();
      const failure = failureOf(
        server.open(suite.database, { timeoutMs: 30_000, signal: controller.signal }),
      );
      await expect.poll(connections).toBe(1);
      controller.abort();
      await failure;
      await expect.poll(connections).toBe(0);
    });

    it('does not begin when it was told not to', async () => {
      const signal = AbortSignal.abort();
      await failureOf(suite.server.open(suite.database, { timeoutMs: 30_000, signal }));
    });
  });

  describe('closing a connection', () => {
    it('ends it at the server', async (test) => {
      const sessions = suite.sessions(test);
      const [connection, witness] = [await suite.open(), await suite.open()];
      const id = await numberFrom(connection, sessions.ownId, 'id');
      await connection.close();
      await expect.poll(() => numberFrom(witness, sessions.count(id), 'n')).toBe(0);
    });

    it('is final, and may be said twice', async () => {
      const connection = await suite.open();
      await connection.close();
      await connection.close();
      connection.destroy();
      expect([connection.isAlive(), connection.isClean()]).toEqual([false, false]);
      expect(await failureOf(connection.query('SELECT 1'))).toBeInstanceOf(NotSentError);
    });
  });
}
