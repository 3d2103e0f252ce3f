import type { Readable } from 'node:stream';
import type { PoolConnection } from 'mariadb';
import type { Connection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { InvalidParameterError } from '../../../src/index.js';
import { useTenants } from './tenants.js';

/** Of the same text each time: the driver has it prepared from the second on. */
const SQL = 'SELECT ? AS a';
const circle: Record<string, unknown> = {};
circle.self = circle;
const list: unknown[] = [];
list.push(list);

/** What a driver finds out that it cannot send, when it is in the middle of it. */
const UNSENDABLE: Readonly<Record<string, unknown>> = {
  'an object that goes round in a circle': circle,
  'an array that goes round in a circle': list,
  'a toJSON that throws': {
    toJSON() {
      throw new Error('half loaded');
    },
  },
  'a toJSON that gives nothing': { toJSON: () => undefined },
  'a getter that throws': {
    get a() {
      throw new Error('half loaded');
    },
  },
  'a bigint in JSON': { a: 1n },
  'a symbol': Symbol('a'),
  'a function': () => 1,
};

onEngine('mysql', (engine) => {
  const test = useTenants(engine, { maxConnections: 2 });
  const mysql = () => mysqlPool(test.tenancy, { tenant: test.a });
  const mariadb = () => mariadbPool(test.tenancy, { tenant: test.a });
  const doors: Readonly<Record<string, (value: unknown) => Promise<unknown>>> = {
    'mysqlPool.execute': (value) =>
      mysql()
        .promise()
        .execute(SQL, [value] as never),
    'mysqlPool.execute, with a callback': (value) =>
      new Promise((resolve, reject) =>
        mysql().execute(SQL, [value] as never, (error, rows) => (error ? reject(error) : resolve(rows))),
      ),
    'execute of a lent client': (value) => lent((client) => client.promise().execute(SQL, [value] as never)),
    'execute of a lent client, with events': (value) =>
      lent(
        (client) =>
          new Promise((resolve, reject) =>
            client
              .execute(SQL, [value] as never)
              .on('error', reject)
              .on('end', () => resolve(undefined)),
          ),
      ),
    'a prepared statement': (value) =>
      lent(async (client) => (await client.promise().prepare(SQL)).execute([value] as never)),
    'mariadbPool.execute': (value) => mariadb().execute(SQL, [value]),
    'mariadbPool.query': (value) => mariadb().query(SQL, [value]),
    'mariadbPool.batch': (value) =>
      mariadb().batch('INSERT INTO notes (text) VALUES (?)', [[value], [value]]),
    'mariadbPool, a stream': (value) =>
      connected((connection) => drained(connection.queryStream(SQL, [value]))),
    'mariadbPool, a stream of a prepared statement': (value) =>
      connected(async (connection) => drained((await connection.prepare(SQL)).executeStream([value]))),
    'mariadbPool, a prepared statement': (value) =>
      connected(async (connection) => (await connection.prepare(SQL)).execute([value])),
  };

  async function drained(stream: Readable): Promise<void> {
    for await (const _row of stream);
  }

  async function connected<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await mariadb().getConnection();
    try {
      return await work(connection);
    } finally {
      await connection.release();
    }
  }

  async function lent<T>(work: (client: Connection) => Promise<T>): Promise<T> {
    const lease = await test.tenancy.clients(test.a).acquire();
    try {
      return await work(lease.client as Connection);
    } finally {
      lease.release();
    }
  }

  describe.each(Object.entries(doors))('%s of a value that cannot be sent', (_door, attempt) => {
    it.each(Object.entries(UNSENDABLE))('fails, and gives its place back: %s', async (_kind, value) => {
      const outcome = await attempt(value).then(
        () => 'sent',
        (error: unknown) => error,
      );
      // Some drivers know what to do with some of them.
      if (outcome !== 'sent') expect(outcome).toBeInstanceOf(InvalidParameterError);
      await expect.poll(() => test.inUse()).toBe(0);
      expect(await test.tenancy.session(test.a).query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
    });
  });
});
