import mariadb, { type Connection, type ConnectionConfig } from 'mariadb';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { openTunnel } from '../../../src/engines/mysql/index.js';
import { LeaseEndedError, NotSupportedError } from '../../../src/errors.js';
import { borrow, useTwoDatabases, WHO } from './borrow.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  async function through() {
    const { connection } = await borrow(test.url, tenants.a);
    const { client, revoke } = connection.lend();
    const stream = () => openTunnel(client);
    const options = {
      stream,
      collation: 'UTF8MB4_UNICODE_CI',
      timezone: 'Z',
      prepareCacheLength: 0,
    } as unknown as ConnectionConfig;
    const other: Connection = await mariadb.createConnection(options);
    other.on('error', () => {});
    return { connection, client, revoke, other };
  }

  describe('a tunnel for another driver', () => {
    it('is moved with its connection, ahead of its first statement', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      connection.rebind(tenants.b);
      const { client, revoke } = connection.lend();
      const options = { stream: () => openTunnel(client), collation: 'UTF8MB4_UNICODE_CI' };
      const other = await mariadb.createConnection(options as unknown as ConnectionConfig);
      other.on('error', () => {});
      expect(await other.query(WHO)).toEqual([{ name: tenants.b }]);
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, false]);
    });

    it('costs nothing to open: what a driver sets at its start is so already', async () => {
      const { connection, revoke } = await through();
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, false]);
    });

    it.each(['SET @a = 1', "DO GET_LOCK('tunnel', 0)", 'USE mysql', "SET time_zone = '+05:00'"])(
      'is judged like any client: %s',
      async (sql) => {
        const { connection, revoke, other } = await through();
        await other.query(sql);
        revoke();
        expect([connection.isClean(), connection.isTouched()]).toEqual([true, true]);
        await connection.reset();
        expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
      },
    );

    it('leaves what the other driver prepared and did not close, so it is reset', async () => {
      const { connection, revoke, other } = await through();
      (await other.prepare(WHO)).close();
      await other.execute(WHO);
      await other.ping();
      expect(connection.isTouched()).toBe(false);
      await other.prepare(WHO);
      revoke();
      expect([connection.isClean(), connection.isTouched()]).toEqual([true, true]);
    });

    it('is not clean while anything is under way or a transaction is open', async () => {
      for (const begin of [
        (other: Connection) => void other.query('SELECT SLEEP(0.05)').catch(() => {}),
        (other: Connection) => void other.queryStream('SELECT seq FROM seq_1_to_90000').on('error', () => {}),
        (other: Connection) => other.beginTransaction(),
      ]) {
        const { connection, revoke, other } = await through();
        await begin(other);
        await new Promise(setImmediate);
        revoke();
        expect(connection.isClean()).toBe(false);
      }
    });

    it('passes no command that changes whose the connection is', async () => {
      const { connection, other } = await through();
      expect(await failure(other.changeUser({ user: 'nobody' }))).toMatchObject({ fatal: true });
      expect((await connection.query('SELECT DATABASE() AS name')).rows).toEqual([{ name: tenants.a }]);
    });

    it('ends with the loan, and with its goodbye nothing else does', async () => {
      const { connection, revoke, other } = await through();
      await other.query(WHO);
      await other.end();
      revoke();
      expect(connection.isClean()).toBe(true);
      const second = await through();
      second.revoke();
      expect(await failure(second.other.query(WHO))).toBeInstanceOf(Error);
      expect(() => openTunnel(second.client)).toThrow(LeaseEndedError);
    });

    it('leads to lent clients only', () => {
      expect(() => openTunnel({})).toThrow(NotSupportedError);
    });
  });
});
