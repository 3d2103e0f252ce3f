import { describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { InvalidInputError } from '../../../src/errors.js';
import { borrow, makeTenant, streamOf, useTwoDatabases, WHO } from './borrow.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  const moved = async () => {
    const borrowed = await borrow(test.url, tenants.a);
    borrowed.connection.rebind(tenants.b);
    return borrowed;
  };

  describe('a connection that was moved', () => {
    it('answers from the new database, by every kind of statement', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      connection.rebind(tenants.b);
      expect(connection.database).toBe(tenants.b);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
      connection.rebind(tenants.a);
      expect(await connection.currentDatabase()).toBe(tenants.a);
      connection.rebind(tenants.b);
      await connection.begin({ isolationLevel: 'serializable' });
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
      await connection.rollback();
      connection.rebind(tenants.a);
      await connection.ping();
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
      expect(connection.isClean()).toBe(true);
    });

    it('proves its identity in the new database', async () => {
      const identity = {
        incarnation: 'here',
        fence: 1,
        tenantId: 'the tenant of b',
        epoch: 7,
        state: 'active',
      } as const;
      await test.provisioning.changeIdentity(tenants.b, undefined, identity);
      const { connection } = await moved();
      expect(await connection.readIdentity()).toEqual(identity);
      connection.rebind(tenants.a);
      expect(await connection.readIdentity()).toBeUndefined();
    });

    it('sends the move and the statement in one write', async () => {
      const { connection, client } = await borrow(test.url, tenants.a);
      const write = vi.spyOn(streamOf(client), 'write');
      connection.rebind(tenants.b);
      expect(write).not.toHaveBeenCalled();
      await connection.query(WHO);
      expect(write).toHaveBeenCalledTimes(1);
    });

    it('carries large statements and large results', async () => {
      const { connection } = await moved();
      const text = 'x'.repeat(3_000_000);
      expect((await connection.query('SELECT ? AS text, name FROM who', [text])).rows).toEqual([
        { text, name: tenants.b },
      ]);
    });

    it('reaches databases of any name', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      const names = ['.dot`tick"\'', 'Ünï ☃ ß', '%_?', '--'].map((suffix) => test.database + suffix);
      for (const name of names) {
        await test.provisioning.createDatabase(name);
        connection.rebind(name);
        expect(await connection.currentDatabase()).toBe(name);
      }
      await connection.close();
      for (const name of names) await test.provisioning.dropDatabase(name);
    });
  });

  describe('a connection that is not clean', () => {
    it.each(['BEGIN', 'START TRANSACTION READ ONLY', "XA START 'left'", 'SET autocommit = 0'])(
      'cannot be moved after %s',
      async (sql) => {
        const { connection, run } = await borrow(test.url, tenants.a);
        await run(sql);
        expect(() => connection.rebind(tenants.b)).toThrow(NotSentError);
        expect(connection.database).toBe(tenants.a);
        connection.destroy();
      },
    );

    it('cannot be moved while a statement is under way, or when it is dead', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      const reply = connection.query(WHO);
      expect(() => connection.rebind(tenants.b)).toThrow(NotSentError);
      expect((await reply).rows).toEqual([{ name: tenants.a }]);
      connection.destroy();
      expect(() => connection.rebind(tenants.b)).toThrow(NotSentError);
    });

    it('is told by its prepared statements, too', async () => {
      const { connection, client } = await borrow(test.url, tenants.a);
      const execute = (sql: string, values: string[] = []) => client.promise().execute(sql, values);
      await execute('SELECT name FROM who WHERE name = ?', [tenants.a]);
      expect(connection.isClean()).toBe(true);
      await execute('DO 1');
      expect(connection.isClean()).toBe(true);
      client.unprepare('DO 1');
      expect(connection.isClean()).toBe(true);
      await execute('START TRANSACTION');
      expect(connection.isClean()).toBe(false);
      await execute('SELECT name FROM who WHERE name = ?', [tenants.a]);
      expect(connection.isClean()).toBe(false);
      await connection.rollback();
      expect(connection.isClean()).toBe(true);
      const waiting = client.promise().execute('SELECT SLEEP(0.01)');
      expect(connection.isClean()).toBe(false);
      await waiting;
      expect(connection.isClean()).toBe(true);
    });

    it('is what a connection becomes that was moved, until the reply is there', async () => {
      const { connection } = await moved();
      expect(connection.isClean()).toBe(true);
      const reply = connection.query(WHO);
      expect(connection.isClean()).toBe(false);
      expect(() => connection.rebind(tenants.a)).toThrow(NotSentError);
      await reply;
      expect(connection.isClean()).toBe(true);
    });
  });

  describe('a move that was not sent', () => {
    it('is replaced by the next one, without a word to the server', async () => {
      const { connection, client } = await borrow(test.url, tenants.a);
      const write = vi.spyOn(streamOf(client), 'write');
      for (const name of [tenants.b, tenants.a, 'missing', tenants.b]) connection.rebind(name);
      expect(write).not.toHaveBeenCalled();
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
    });

    it('stays with the connection when the statement is refused before it is sent', async () => {
      const { connection } = await moved();
      await failure(connection.query(`${WHO} WHERE name = ?`));
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
    });

    it('does not keep the connection from saying goodbye', async () => {
      const { connection } = await moved();
      await connection.close();
      expect(connection.isAlive()).toBe(false);
    });

    it('refuses what is no name', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      for (const name of ['', 'a\0b', '#mysql50#x']) {
        expect(() => connection.rebind(name)).toThrow(InvalidInputError);
      }
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
    });
  });

  describe('ten thousand random moves over fifty databases', () => {
    it('always answer from the right one', async () => {
      const names = Array.from({ length: 50 }, (_, index) => `${test.database}_r${index}`);
      for (const name of names) await makeTenant(test, name);
      const borrowed = [await borrow(test.url, tenants.a), await borrow(test.url, tenants.b)];
      let left = 10_000;
      const wrong: unknown[] = [];
      let seed = 20260;
      const next = () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return seed;
      };
      await Promise.all(
        borrowed.map(async ({ connection }) => {
          while (left-- > 0) {
            const name = names[next() % names.length] ?? '';
            connection.rebind(name);
            const sql = next() % 3 === 0 ? 'SELECT name FROM who WHERE name <> ?' : WHO;
            const { rows } = await connection.query(sql, sql === WHO ? [] : ['']);
            if (rows.length !== 1 || rows[0]?.name !== name) wrong.push([name, rows]);
          }
        }),
      );
      expect(wrong).toEqual([]);
      for (const { connection } of borrowed) await connection.close();
      for (const name of names) await test.provisioning.dropDatabase(name);
    }, 120_000);
  });
});
