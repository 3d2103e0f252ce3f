import type { Readable } from 'node:stream';
import type { Connection, PoolConnection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { classifyError } from '../../../src/engines/mysql/errors.js';
import { ConnectionLostError } from '../../../src/index.js';
import { useTenants } from './tenants.js';

const LONG = "SELECT CONNECTION_ID() AS id, REPEAT('x', 1000) AS text FROM seq_1_to_100000";

onEngine('mysql', (engine) => {
  const test = useTenants(engine);
  const kill = (id: unknown) => test.tenancy.central.execute(`KILL ${Number(id)}`);
  const isFree = () => expect.poll(() => test.inUse()).toBe(0);
  const mysql = () => mysqlPool(test.tenancy, { tenant: test.a });
  const mariadb = () => mariadbPool(test.tenancy, { tenant: test.a });

  /** Kills the connection of a stream after its first row; what the stream ends with. */
  const endOf = async (stream: Readable): Promise<unknown> => {
    let killed = false;
    try {
      for await (const row of stream) {
        if (!killed) await kill(row.id);
        killed = true;
      }
    } catch (error) {
      return error;
    }
    return 'the end of its rows';
  };

  describe('a stream whose connection is killed', () => {
    it('of mysqlPool ends with an error, and its place is free', async () => {
      expect(await endOf(mysql().query(LONG).stream())).toBeInstanceOf(Error);
      await isFree();
    });

    it('of a lent mysql2 connection ends with an error, those that wait behind it as well', async () => {
      const connection = await mysql().promise().getConnection();
      const raw = (connection as unknown as { readonly connection: Connection }).connection;
      const [first, ...others] = [raw.query(LONG), raw.query(LONG), raw.execute(LONG)].map((command) =>
        command.stream(),
      );
      const ends = others.map((stream) => endOf(stream));
      expect(await endOf(first as Readable)).toBeInstanceOf(Error);
      for (const end of await Promise.all(ends)) expect(end).toBeInstanceOf(Error);
      await isFree();
    });

    it('of a prepared statement ends with an error', async () => {
      const connection = await mysql().promise().getConnection();
      const raw = (connection as unknown as { readonly connection: Connection }).connection;
      expect(await endOf(raw.execute(LONG).stream())).toBeInstanceOf(Error);
      await isFree();
    });

    it('of mariadbPool ends with an error, and its place is free', async () => {
      const connection = await mariadb().getConnection();
      expect(await endOf(connection.queryStream(LONG))).toBeInstanceOf(Error);
      await isFree();
    });
  });

  describe('who waits behind a statement of a connection of mariadbPool', () => {
    /** One statement under way, and others of each kind behind it. */
    const queue = async () => {
      const connection = await mariadb().getConnection();
      const prepared = await connection.prepare('SELECT ? AS n');
      const first = connection.query('SELECT SLEEP(30)');
      const behind = [
        connection.query('SELECT ? AS n', ['x']),
        connection.execute('SELECT 1'),
        connection.batch('INSERT INTO who (name) VALUES (?)', [['x'], ['y']]),
        connection.prepare('SELECT 1'),
        prepared.execute(['x']),
        connection.commit(),
        connection.ping(),
        endOf(connection.queryStream('SELECT 1')),
        endOf(prepared.executeStream(['x'])),
      ];
      return { connection, ends: Promise.allSettled([first, ...behind]) };
    };
    const errorsOf = async (ends: Promise<PromiseSettledResult<unknown>[]>) =>
      (await ends).map((end) => (end.status === 'rejected' ? end.reason : end.value));

    it('hears that it was lost', async () => {
      const { connection, ends } = await queue();
      await kill(connection.threadId);
      for (const error of await errorsOf(ends)) expect(error).toBeInstanceOf(Error);
      await isFree();
    });

    it('hears that it was given back', async () => {
      const { connection, ends } = await queue();
      await connection.release();
      for (const error of await errorsOf(ends)) expect(error).toBeInstanceOf(Error);
      await isFree();
    });
  });

  describe('what has lost its connection', () => {
    it('says so: a connection of mysqlPool', async () => {
      const connection = await new Promise<PoolConnection>((resolve, reject) => {
        mysql().getConnection((error, lent) => (error ? reject(error) : resolve(lent)));
      });
      connection.on('error', () => {});
      await kill(connection.threadId);
      await isFree();
      expect(() => connection.query('SELECT 1')).toThrow(ConnectionLostError);
      expect(() => connection.promise()).toThrow(/was lost/);
      connection.release();
      connection.destroy();
      expect(() => connection.query('SELECT 1')).toThrow(ConnectionLostError);
    });

    it('says so: a connection of mariadbPool', async () => {
      const connection = await mariadb().getConnection();
      const [{ id }] = await connection.query('SELECT CONNECTION_ID() AS id');
      await kill(id);
      await isFree();
      await expect(connection.query('SELECT 1')).rejects.toThrow(ConnectionLostError);
      await expect(connection.beginTransaction()).rejects.toThrow(/was lost/);
      await connection.release();
    });

    it('says so: a lent client', async () => {
      const lease = await test.tenancy.clients(test.a).acquire();
      const client = lease.client as Connection;
      client.on('error', () => {});
      await kill(client.threadId);
      await isFree();
      const told = await new Promise((resolve) => client.query('SELECT 1', resolve));
      expect(classifyError(told)).toBe('connection-lost');
      lease.destroy();
      expect(() => client.query('SELECT 1')).toThrow(ConnectionLostError);
    });

    it('says so: a transaction', async () => {
      const lost = test.tenancy.session(test.a).transaction(async (tx) => {
        const [row] = await tx.query('SELECT CONNECTION_ID() AS id');
        await kill(row?.id);
        await expect
          .poll(() => tx.query('SELECT 1').then(String, (error: unknown) => error))
          .toBeInstanceOf(ConnectionLostError);
        return tx.query('SELECT 1');
      });
      await expect(lost).rejects.toBeInstanceOf(ConnectionLostError);
      await isFree();
    });

    it('says so: a transaction of a run that had lent its client', async () => {
      const lost = test.tenancy.run(test.a, async () => {
        const connection = await mysqlPool(test.tenancy).promise().getConnection();
        try {
          await connection.beginTransaction();
          await kill(connection.threadId);
          await isFree();
          await connection.query('SELECT 1');
          await connection.commit();
        } finally {
          connection.release();
        }
      });
      await expect(lost).rejects.toBeInstanceOf(ConnectionLostError);
    });

    it('is given back: a connection that was released first says that', async () => {
      const connection = await mysql().promise().getConnection();
      const { threadId } = connection;
      connection.release();
      await kill(threadId);
      await expect((async () => connection.query('SELECT 1'))()).rejects.toThrow(/given back/);
    });
  });
});
