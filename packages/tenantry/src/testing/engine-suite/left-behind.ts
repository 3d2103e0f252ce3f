import { describe, expect, it } from 'vitest';
import type { EngineConnection } from '../../engine/connection.js';
import { type Remains, remains, remainsSetup } from './remains.js';
import type { SuiteContext } from './suite-context.js';

/** What borrowers leave in a session, and that it is known of and taken away. */
export function describeLeftBehind(suite: SuiteContext): void {
  /** Rows, or what kind of error came instead. */
  async function see(connection: EngineConnection, sql: string): Promise<unknown> {
    try {
      return (await connection.query(sql)).rows;
    } catch (error) {
      return suite.engine.classifyError(error);
    }
  }

  async function leaveIn(connection: EngineConnection, { leave }: Remains): Promise<void> {
    for (const sql of leave) await connection.query(sql).catch(() => {});
  }

  /** The trace is one: who goes on with the same session sees it. */
  async function assertShows(kind: string, left: Remains, database: string): Promise<void> {
    const [fresh, connection] = [await suite.open(database), await suite.open(database)];
    const expected = await see(fresh, left.look);
    await leaveIn(connection, left);
    if (left.isRefused || suite.fixture.part?.impossible.includes(kind))
      expect(await see(connection, left.look), kind).toEqual(expected);
    else expect(await see(connection, left.look), `${kind} shows`).not.toEqual(expected);
    for (const open of [fresh, connection]) await open.close();
  }

  async function assertGone(kind: string, left: Remains, database: string): Promise<void> {
    const { look, lookFromOutside, isFatal = false } = left;
    const [fresh, connection] = [await suite.open(database), await suite.open(database)];
    const seeFromOutside = async () => lookFromOutside && (await see(fresh, lookFromOutside));
    const [expected, outside] = [await see(fresh, look), await seeFromOutside()];
    await leaveIn(connection, left);
    if (outside !== undefined) {
      expect(await seeFromOutside(), `${kind} is felt by others`).not.toEqual(outside);
    }
    expect(!connection.isClean(), `${kind} has it closed`).toBe(isFatal);
    if (!isFatal) {
      if (connection.isTouched()) await connection.reset();
      expect(await seeFromOutside(), `${kind} is not felt any more`).toEqual(outside);
      expect([connection.isTouched(), connection.isClean()], kind).toEqual([false, true]);
      expect(await see(connection, look), kind).toEqual(expected);
    }
    for (const open of [fresh, connection]) await open.close();
  }

  async function newDatabase(): Promise<string> {
    const name = await suite.newDatabase();
    const connection = await suite.open(name);
    for (const sql of remainsSetup[suite.engine.capabilities.dialect]) await connection.query(sql);
    connection.destroy();
    return name;
  }

  describe('what a borrower leaves in its session', () => {
    it('is not met by the next, of the same tenant included: every kind', async () => {
      const database = await newDatabase();
      for (const [kind, left] of Object.entries(remains[suite.engine.capabilities.dialect])) {
        await assertShows(kind, left, database);
        await assertGone(kind, left, database);
      }
    });

    it('is nothing, where it only read, wrote and took part in transactions', async () => {
      const connection = await suite.open();
      const table = await suite.newTable(connection);
      if (connection.isTouched()) await connection.reset();
      await connection.query(`SELECT COUNT(*) AS n FROM ${table} WHERE name = 'SET @a' ORDER BY 1 LIMIT 1`);
      await connection.begin();
      await connection.query(`UPDATE ${table} SET name = UPPER(name) WHERE id IN (1, 2)`);
      await connection.query(`DELETE FROM ${table} WHERE EXISTS (SELECT 1)`);
      await connection.commit();
      await connection.begin({ isolationLevel: 'serializable' });
      await connection.rollback();
      await connection.ping();
      expect([connection.isTouched(), connection.isClean()]).toEqual([false, true]);
    });

    it('is gone and stays gone, and what belongs to the connection is as after opening', async () => {
      const connection = await suite.open();
      for (let time = 0; time < 3; time++) {
        await connection.reset();
        expect([connection.isTouched(), connection.isClean(), connection.isAlive()]).toEqual([
          false,
          true,
          true,
        ]);
        expect(await connection.currentDatabase()).toBe(suite.database);
      }
    });
  });
}
