import { describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { borrow, streamOf, useTwoDatabases, WHO } from './borrow.js';
import { useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  describe('a session that is reset', () => {
    it('sends nothing of its own, where only it can see what is left', async () => {
      const { connection, client } = await borrow(test.url, tenants.a);
      await connection.query("SET @left = 'behind'");
      const write = vi.spyOn(streamOf(client), 'write');
      expect(connection.reset()).toBeUndefined();
      expect(write).not.toHaveBeenCalled();
      expect([connection.isTouched(), connection.isClean()]).toEqual([false, true]);
      expect((await connection.query('SELECT @left AS trace')).rows).toEqual([{ trace: null }]);
      expect(write).toHaveBeenCalledTimes(1);
    });

    it('lets a lock go at once', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      const free = async () => (await test.admin(`SELECT IS_FREE_LOCK('${tenants.a}') AS free`))[0]?.free;
      await connection.query(`SELECT GET_LOCK('${tenants.a}', 0)`);
      expect(await free()).toBe(0);
      await connection.reset();
      expect(await free()).toBe(1);
    });

    it('was touched by what a trigger set, where the server reports it', async () => {
      await test.admin(`CREATE TABLE \`${tenants.b}\`.watched (id INT)`);
      await test.admin(`INSERT INTO \`${tenants.b}\`.watched VALUES (1)`);
      await test.admin(
        `CREATE TRIGGER \`${tenants.b}\`.sets AFTER UPDATE ON \`${tenants.b}\`.watched FOR EACH ROW SET time_zone = '+05:00'`,
      );
      const { connection } = await borrow(test.url, tenants.b);
      await connection.query('UPDATE watched SET id = 2');
      expect(connection.isTouched()).toBe(true);
    });

    it('was touched by whatever somebody else has the driver send', async () => {
      for (const sql of ['SET @left = 1', "SELECT GET_LOCK('x', 0)", 'SELECT 1; SELECT 2', 'SELEC']) {
        const { connection, client } = await borrow(test.url, tenants.a);
        await client.promise().query(WHO);
        expect(connection.isTouched(), WHO).toBe(false);
        await client
          .promise()
          .query(sql)
          .catch(() => {});
        expect(connection.isTouched(), sql).toBe(true);
      }
      const { connection, client } = await borrow(test.url, tenants.a);
      await client.promise().execute(WHO);
      await client.promise().ping();
      expect(connection.isTouched()).toBe(false);
      await client.promise().execute('SELECT GET_LOCK(?, 0)', ['x']);
      expect(connection.isTouched()).toBe(true);
    });

    it('keeps a user that somebody else changed to, so that it is closed', async () => {
      const { connection, client } = await borrow(test.url, tenants.a);
      await client.promise().changeUser({ database: tenants.b });
      expect(connection.isClean()).toBe(false);
      expect(() => connection.reset()).toThrow(NotSentError);
    });
  });
});
