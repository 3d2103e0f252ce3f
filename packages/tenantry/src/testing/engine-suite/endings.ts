import { describe, expect, it, vi } from 'vitest';
import type { EngineConnection } from '../../engine/connection.js';
import { NotSentError } from '../../engine/not-sent.js';
import type { SessionDialect } from './dialect.js';
import { failureOf, numberFrom, type SuiteContext } from './suite-context.js';

/** How connections end: destroyed, cancelled, killed. */
export function describeEndings(suite: SuiteContext): void {
  /** A connection in the middle of a statement, as the server itself says. */
  async function openBusy(sessions: SessionDialect, statement = sessions.sleep) {
    const [connection, witness] = [await suite.open(), await suite.open()];
    const id = await numberFrom(connection, sessions.ownId, 'id');
    const onLost = vi.fn();
    connection.onLost(onLost);
    /** The statement's error; undefined if it was answered. */
    const outcome = connection.query(statement).then(
      () => undefined,
      (error: unknown) => error,
    );
    await expect.poll(() => numberFrom(witness, sessions.countRunning(id), 'n')).toBe(1);
    return { connection, witness, id, onLost, outcome };
  }

  const isGone = (connection: EngineConnection) => [connection.isAlive(), connection.isClean()];

  describe('a connection that is destroyed', () => {
    it('takes no statement any more, and calls nobody', async () => {
      const connection = await suite.open();
      const onLost = vi.fn();
      connection.onLost(onLost);
      connection.destroy();
      connection.destroy();
      expect(isGone(connection)).toEqual([false, false]);
      expect(await failureOf(connection.query('SELECT 1'))).toBeInstanceOf(NotSentError);
      await connection.cancel(1000);
      await connection.close();
      expect(onLost).not.toHaveBeenCalled();
    });

    it('rejects what is under way', async (test) => {
      const { connection, outcome, onLost } = await openBusy(suite.sessions(test));
      connection.destroy();
      const error = await outcome;
      expect(error).not.toBeInstanceOf(NotSentError);
      expect(suite.engine.classifyError(error)).toBe('connection-lost');
      expect(isGone(connection)).toEqual([false, false]);
      expect(onLost).not.toHaveBeenCalled();
    });
  });

  describe('a connection that is cancelled', () => {
    it('ends its statement at the server, and itself', async (test) => {
      const sessions = suite.sessions(test);
      if (!suite.engine.capabilities.cancel) test.skip('the engine cannot cancel');
      const { connection, witness, id, outcome, onLost } = await openBusy(sessions, sessions.endless);
      await connection.cancel(10_000);
      // MariaDB answers some cancelled statements with a row; nobody is to take that for a result.
      expect(await outcome).toBeInstanceOf(Error);
      expect(isGone(connection)).toEqual([false, false]);
      await expect.poll(() => numberFrom(witness, sessions.count(id), 'n')).toBe(0);
      expect(onLost).not.toHaveBeenCalled();
    });

    it('does not wait longer than it may', async (test) => {
      const { connection, outcome } = await openBusy(suite.sessions(test));
      await connection.cancel(0);
      expect(await outcome).toBeInstanceOf(Error);
      expect(isGone(connection)).toEqual([false, false]);
    });

    it('only ends itself where nothing is under way', async () => {
      const connection = await suite.open();
      await connection.cancel(10_000);
      expect(isGone(connection)).toEqual([false, false]);
    });
  });

  describe('a connection that the server ends', () => {
    it('says so once, and refuses statements without sending them', async (test) => {
      const sessions = suite.sessions(test);
      const [connection, witness] = [await suite.open(), await suite.open()];
      const id = await numberFrom(connection, sessions.ownId, 'id');
      const onLost = vi.fn();
      connection.onLost(onLost);
      await witness.query(sessions.kill(id));
      await expect.poll(() => onLost.mock.calls.length).toBe(1);
      expect(isGone(connection)).toEqual([false, false]);
      expect(await failureOf(connection.query('SELECT 1'))).toBeInstanceOf(NotSentError);
      expect(await failureOf(connection.begin())).toBeInstanceOf(NotSentError);
      connection.destroy();
      await connection.close();
      expect(onLost).toHaveBeenCalledTimes(1);
    });

    it('rejects what is under way as lost or killed', async (test) => {
      const sessions = suite.sessions(test);
      const { connection, witness, id, outcome, onLost } = await openBusy(sessions);
      await witness.query(sessions.kill(id));
      const error = await outcome;
      expect(error).not.toBeInstanceOf(NotSentError);
      expect(['killed', 'connection-lost']).toContain(suite.engine.classifyError(error));
      await expect.poll(() => onLost.mock.calls.length).toBe(1);
      expect(isGone(connection)).toEqual([false, false]);
    });
  });
}
