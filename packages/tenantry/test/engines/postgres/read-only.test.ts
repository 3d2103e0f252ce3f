import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { useServer } from './test-server.js';

const WRITE = 'CREATE TABLE written (id int)';

onEngine('postgres', () => {
  const test = useServer();

  /** A connection to a server that takes no writes any more, as far as it can see. */
  async function demoted(): Promise<PostgresConnection> {
    const database = `${test.database}_ro_${Math.random().toString(36).slice(2)}`;
    await test.provisioning.createDatabase(database);
    await test.provisioning.runScript(database, 'CREATE TABLE numbers (id int)');
    await test.admin(`ALTER DATABASE "${database}" SET default_transaction_read_only TO on`);
    const connection = await test.open(database);
    connection.onLost(() => {});
    return connection;
  }

  const doors: Readonly<Record<string, (connection: PostgresConnection) => Promise<unknown>>> = {
    'a statement': (connection) => connection.query(WRITE),
    'a statement with parameters': (connection) => connection.query('DELETE FROM numbers WHERE id = $1', [0]),
    'a script': (connection) => connection.runScript(WRITE),
    'a transaction': async (connection) => {
      await connection.begin();
      await connection.query(WRITE).finally(() => connection.rollback());
    },
    'a lent client': async (connection) => {
      const { client, revoke } = connection.lend();
      await (client as pg.Client).query(WRITE).finally(revoke);
    },
    'a pool’s own statement': (connection) =>
      new Promise((resolve, reject) => {
        connection
          .sender()
          .query(WRITE, undefined, (error, result) => (error ? reject(error) : resolve(result)));
      }),
  };

  describe('a connection for writes whose server answers that it only reads', () => {
    it.each(Object.keys(doors))('is not clean, by whatever door it was asked: %s', async (door) => {
      const connection = await demoted();
      expect(connection.isClean()).toBe(true);
      await expect(doors[door]?.(connection)).rejects.toMatchObject({ code: '25006' });
      expect(connection.isClean()).toBe(false);
      await connection.close();
      await test.provisioning.dropDatabase(connection.database);
    });
  });

  describe('a transaction that was begun to only read', () => {
    it('keeps its connection when it tries to write', async () => {
      const connection = await test.open();
      await connection.begin({ readOnly: true });
      await expect(connection.query(WRITE)).rejects.toMatchObject({ code: '25006' });
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
      await connection.query(`${WRITE};`);
    });
  });
});
