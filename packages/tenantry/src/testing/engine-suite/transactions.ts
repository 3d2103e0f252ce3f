import { describe, expect, it } from 'vitest';
import { failureOf, type SuiteContext } from './suite-context.js';

/** Transactions, and what they mean for the cleanness of a connection. */
export function describeTransactions(suite: SuiteContext): void {
  describe('a transaction', () => {
    it('is seen by others once it is committed, and not before', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      await connection.begin();
      await suite.insert(connection, table, 1, 'a');
      expect(connection.isClean()).toBe(false);
      expect(await suite.committedIds(table)).toEqual([]);
      await connection.commit();
      expect(connection.isClean()).toBe(true);
      expect(await suite.committedIds(table)).toEqual([1]);
    });

    it('leaves nothing when it is rolled back', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      await connection.begin();
      await suite.insert(connection, table, 1, 'a');
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
      expect(await suite.committedIds(table)).toEqual([]);
    });

    it('leaves nothing when its connection is destroyed', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      await connection.begin();
      await suite.insert(connection, table, 1, 'a');
      connection.destroy();
      // The server notices in its own time; then the row is neither there nor locked.
      const other = await suite.open();
      await expect
        .poll(() =>
          suite.insert(other, table, 1, 'b').then(
            () => 'inserted',
            () => 'locked',
          ),
        )
        .toBe('inserted');
      const { rows } = await other.query(`SELECT name FROM ${table}`);
      expect(rows).toEqual([{ name: 'b' }]);
    });

    it('that only reads refuses to write, and the next one writes again', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      await connection.begin({ readOnly: true });
      expect((await connection.query(`SELECT * FROM ${table}`)).rows).toEqual([]);
      expect(await suite.kindOf(suite.insert(connection, table, 1, 'a'))).toBe('read-only');
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
      await connection.begin();
      await suite.insert(connection, table, 2, 'b');
      await connection.commit();
      expect(await suite.committedIds(table)).toEqual([2]);
    });

    it('is open until it is committed, rolled back or ended by a statement', async () => {
      const connection = await suite.open();
      expect(connection.isInTransaction()).toBe(false);
      for (const end of ['COMMIT', 'ROLLBACK'] as const) {
        await connection.begin();
        await connection.query('SELECT 1');
        await failureOf(connection.query('SELECT * FROM nothing_of_this_name'));
        expect(connection.isInTransaction()).toBe(true);
        await (end === 'COMMIT' ? connection.rollback() : connection.commit().catch(() => {}));
        expect(connection.isInTransaction()).toBe(false);
        await connection.begin();
        await connection.query(end);
        expect(connection.isInTransaction()).toBe(false);
        await failureOf(connection.commit());
        await connection.rollback();
      }
      expect(connection.isClean()).toBe(true);
    });

    it('can be serializable', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      await connection.begin({ isolationLevel: 'serializable' });
      await suite.insert(connection, table, 1, 'a');
      await connection.commit();
      expect(await suite.committedIds(table)).toEqual([1]);
    });

    it('has any other isolation level, or is refused without a trace', async () => {
      const connection = await suite.open();
      for (const isolationLevel of ['read committed', 'repeatable read'] as const) {
        await connection.begin({ isolationLevel }).then(
          () => connection.rollback(),
          () => {},
        );
        expect(connection.isClean()).toBe(true);
      }
    });
  });

  describe('a connection', () => {
    it('is not clean while a statement is under way', async () => {
      const connection = await suite.open();
      const answer = connection.query('SELECT 1 AS one');
      const cleanDuring = connection.isClean();
      await answer;
      // An engine whose statements are synchronous has none under way when anybody can look.
      expect(cleanDuring && suite.dialect.sessions !== undefined).toBe(false);
      expect(connection.isClean()).toBe(true);
    });

    it('is not clean inside a transaction that somebody opened by a statement', async () => {
      const connection = await suite.open();
      await connection.query('BEGIN');
      expect(connection.isClean()).toBe(false);
      await connection.query('ROLLBACK');
      expect(connection.isClean()).toBe(true);
    });

    it('is not clean after an error inside a transaction, until that has ended', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      await connection.begin();
      await suite.insert(connection, table, 1, 'a');
      await failureOf(suite.insert(connection, table, 1, 'a'));
      expect(connection.isClean()).toBe(false);
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
      expect(await suite.committedIds(table)).toEqual([]);
    });
  });
}
