import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { RebindFailedError } from '../../../src/engine/rebind-failed.js';
import type { MysqlConnection } from '../../../src/engines/mysql/connection.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { TcpProxy } from '../../../src/testing/tcp-proxy.js';
import { borrow, startRelay, useTwoDatabases, WHO } from './borrow.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  const moved = async () => {
    const borrowed = await borrow(test.url, tenants.a);
    borrowed.connection.rebind(tenants.b);
    return borrowed;
  };

  describe('a move that fails', () => {
    it('destroys the connection, and the statement never runs in the previous database', async () => {
      for (const send of [
        (connection: MysqlConnection) => connection.query("INSERT INTO who VALUES ('intruder')"),
        (connection: MysqlConnection) => connection.query('DROP TABLE who'),
        (connection: MysqlConnection) => connection.query(WHO),
        (connection: MysqlConnection) => connection.begin(),
        (connection: MysqlConnection) => connection.readIdentity(),
        (connection: MysqlConnection) => connection.currentDatabase(),
        (connection: MysqlConnection) => connection.ping(),
      ]) {
        const { connection } = await borrow(test.url, tenants.a);
        let told: Error | undefined;
        connection.onLost((error) => {
          told = error;
        });
        connection.rebind(`${test.database}_dropped`);
        const error = await failure(send(connection));
        expect(error).toBeInstanceOf(RebindFailedError);
        expect(mysql.classifyError(error)).toBe('unknown-database');
        expect(told).toBe(error);
        expect(connection.isAlive()).toBe(false);
        expect(connection.isClean()).toBe(false);
        expect(await failure(connection.query(WHO))).toBeInstanceOf(NotSentError);
        expect(await test.admin(`SELECT name FROM \`${tenants.a}\`.who`)).toEqual([{ name: tenants.a }]);
      }
    });

    it("gives the driver's own client no result either", async () => {
      const { connection, run } = await borrow(test.url, tenants.a);
      connection.rebind(`${test.database}_dropped`);
      await expect(run('SELECT 1')).rejects.toThrow();
    });

    it('is noticed even if the server says OK, and means another database', async () => {
      const move = (name: string) => Buffer.from(`\x02${name}`);
      const relay = await startRelay(test.tcpUrl, (sent) => {
        const at = sent.indexOf(move(tenants.b));
        if (at >= 0) move(tenants.a).copy(sent, at);
      });
      const { connection } = await borrow(relay.url, 'mysql');
      connection.rebind(tenants.a);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
      connection.rebind(tenants.b);
      expect(await failure(connection.query(WHO))).toBeInstanceOf(RebindFailedError);
      expect(connection.isAlive()).toBe(false);
      relay.close();
    });

    it('is told from a statement that names a missing database', async () => {
      const { connection } = await moved();
      const error = await failure(connection.query('USE missing'));
      expect(error).not.toBeInstanceOf(RebindFailedError);
      expect(connection.isClean()).toBe(true);
    });

    it('says that the user may not', async () => {
      const url = new URL(test.url);
      url.username = `${test.database}_limited`;
      await test.admin(`CREATE USER \`${url.username}\`@localhost`);
      try {
        await test.admin(`GRANT ALL ON \`${tenants.a}\`.* TO \`${url.username}\`@localhost`);
        const { connection } = await borrow(url.href, tenants.a);
        connection.rebind(tenants.b);
        const error = await failure(connection.query("INSERT INTO who VALUES ('intruder')"));
        expect(error).toBeInstanceOf(RebindFailedError);
        expect(mysql.classifyError(error)).toBe('access-denied');
      } finally {
        await test.admin(`DROP USER \`${url.username}\`@localhost`);
      }
      for (const name of [tenants.a, tenants.b]) {
        expect(await test.admin(`SELECT name FROM \`${name}\`.who`)).toEqual([{ name }]);
      }
    });
  });

  describe('a moved connection that ends', () => {
    const KILL = `
      const [url, id] = process.argv.slice(1);
      const { searchParams, username, hostname, port } = new URL(url);
      const client = require('mysql2').createConnection({
        user: username, host: hostname, port: Number(port) || 3306, socketPath: searchParams.get('socketPath') ?? undefined,
      });
      client.query('KILL ' + id, (error) => { if (error) throw error; client.end(); });
    `;

    it('has not sent the statement, if the server ended it before', async () => {
      const { connection, client } = await moved();
      const lost = new Promise((resolve) => connection.onLost(resolve));
      await test.admin(`KILL ${client.threadId}`);
      await lost;
      expect(await failure(connection.query(WHO))).toBeInstanceOf(NotSentError);
      expect(() => connection.rebind(tenants.a)).toThrow(NotSentError);
    });

    it('gives no result, if the server ended it without this process noticing yet', async () => {
      const { connection, client } = await moved();
      // Synchronous, so that this process learns of the end only when it writes.
      expect(spawnSync(process.execPath, ['-e', KILL, test.url, String(client.threadId)]).status).toBe(0);
      const error = await failure(connection.query("INSERT INTO who VALUES ('late')"));
      expect(['connection-lost', 'killed']).toContain(mysql.classifyError(error));
      expect(connection.isAlive()).toBe(false);
      expect(await test.admin(`SELECT name FROM \`${tenants.b}\`.who`)).toEqual([{ name: tenants.b }]);
    });

    it('rejects the statement, if it is destroyed while the move is under way', async () => {
      const { connection } = await moved();
      const error = failure(connection.query(WHO));
      connection.destroy();
      expect(mysql.classifyError(await error)).toBe('connection-lost');
      expect(connection.isAlive()).toBe(false);
    });

    it('is cancelled in its statement, not in its move', async () => {
      await using proxy = await TcpProxy.open(addressOf(test.tcpUrl));
      const kills: number[] = [];
      let told = () => {};
      const asked = new Promise<void>((resolve) => {
        told = resolve;
      });
      const { connection, client } = await borrow(urlOf(proxy), tenants.a, async (id) => {
        kills.push(id);
        await test.admin(`KILL QUERY ${id}`);
        told();
      });
      connection.rebind(tenants.b);
      proxy.hold('toClient');
      const error = failure(connection.query('SELECT SLEEP(60) FROM information_schema.COLUMNS'));
      const cancelled = connection.cancel(20_000);
      expect(kills).toEqual([]);
      proxy.release();
      await asked;
      expect(kills).toEqual([client.threadId]);
      await cancelled;
      expect(['cancelled', 'connection-lost']).toContain(mysql.classifyError(await error));
      expect(connection.isAlive()).toBe(false);
    });
  });

  describe('a move that is cut off', () => {
    /** The move's own packets take less than this, and so do their replies. */
    const BYTES = 160;

    it.each(['toServer', 'toClient'] as const)(
      'never writes into the previous database: %s',
      async (lane) => {
        await using proxy = await TcpProxy.open(addressOf(test.tcpUrl));
        for (let bytes = 1; bytes < BYTES; bytes += 7) {
          const { connection } = await borrow(urlOf(proxy), tenants.a);
          connection.rebind(tenants.b);
          proxy.cutAfter(lane, bytes);
          const reply = connection.query(`INSERT INTO who VALUES ('after ${lane} ${bytes}')`);
          await reply.catch((error: unknown) => {
            expect(mysql.classifyError(error)).toBe('connection-lost');
          });
          connection.destroy();
        }
        expect(await test.admin(`SELECT name FROM \`${tenants.a}\`.who`)).toEqual([{ name: tenants.a }]);
        await test.admin(`DELETE FROM \`${tenants.b}\`.who WHERE name LIKE 'after %'`);
      },
    );
  });
});

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function urlOf({ host, port }: TcpProxy): string {
  return `mysql://root@${host}:${port}/`;
}
