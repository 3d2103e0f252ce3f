import type { Connection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { useTenants } from './tenants.js';

/** A connection of any door, and its end. */
interface Borrowed {
  query(sql: string): Promise<unknown>;
  release(): unknown;
}

onEngine('mysql', (engine) => {
  const test = useTenants(engine);

  const doors: readonly (readonly [string, () => Promise<Borrowed>])[] = [
    ['mysqlPool', () => mysqlPool(test.tenancy, { tenant: test.a }).promise().getConnection()],
    ['mariadbPool', () => mariadbPool(test.tenancy, { tenant: test.a }).getConnection()],
    [
      'a lent client',
      async () => {
        const lease = await test.tenancy.clients(test.a).acquire();
        const client = (lease.client as { promise(): Connection }).promise();
        return { query: (sql) => client.query(sql), release: () => lease.release() };
      },
    ],
  ];
  const idOf = async (connection: Borrowed) => {
    const asked = JSON.stringify(await connection.query('SELECT CAST(CONNECTION_ID() AS CHAR) AS id'));
    return /"id":"(\d+)"/.exec(asked)?.[1];
  };

  describe.each(doors)(
    'a connection of %s whose transaction goes on after its end, or takes it along',
    (_door, open) => {
      it.each([
        ['COMMIT AND CHAIN'],
        ['ROLLBACK /* a */ AND\nCHAIN'],
        ['SET completion_type = 1', 'COMMIT'],
        ['SET completion_type = 2', 'COMMIT'],
        ['COMMIT RELEASE'],
        ['SET autocommit = 0', 'CREATE TABLE IF NOT EXISTS chained (id INT)'],
        ['CREATE OR REPLACE PROCEDURE anew() BEGIN COMMIT; START TRANSACTION; END', 'BEGIN', 'CALL anew()'],
      ])('is never given out again: %s', async (...statements) => {
        const left = await open();
        const id = await idOf(left);
        expect(id).toBeDefined();
        for (const sql of ['BEGIN', ...statements]) await left.query(sql);
        await left.release();
        await expect.poll(() => test.inUse()).toBe(0);
        const next = await Promise.all([open(), open()]);
        expect(await Promise.all(next.map(idOf))).not.toContain(id);
        for (const each of next) await each.release();
      });
    },
  );
});
