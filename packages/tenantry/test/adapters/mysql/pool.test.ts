import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import mysql2, { type ConnectionOptions, createConnection, type Pool, type PoolConnection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mysqlPool } from '../../../src/adapters/mysql/index.js';
import { InvalidOptionError, LeaseEndedError, NoTenantError, NotSupportedError } from '../../../src/index.js';
import { useTenants, WHO } from './tenants.js';

function checkOut(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });
}

onEngine('mysql', (engine) => {
  const test = useTenants(engine);
  const inA = <T>(work: () => T | PromiseLike<T>) => test.tenancy.run(test.a, work);
  const inB = <T>(work: () => T | PromiseLike<T>) => test.tenancy.run(test.b, work);
  const isQuiet = () => expect.poll(() => test.inUse()).toBe(0);

  describe('an ambient pool', () => {
    it("is mysql2's own pool", async () => {
      const pool = mysqlPool(test.tenancy);
      expect(pool).toBeInstanceOf((mysql2 as unknown as { Pool: new () => unknown }).Pool);
      expect(pool.constructor.name).toContain('Pool');
      expect(pool.promise()).toHaveProperty('pool', pool);
      const connection = await inA(() => checkOut(pool));
      expect(connection).toBeInstanceOf(mysql2.PoolConnection);
      connection.release();
    });

    it('sends each call to the tenant of its context', async () => {
      const pool = mysqlPool(test.tenancy).promise();
      const asked = [inA(() => pool.query(WHO)), inB(() => pool.query(WHO)), inA(() => pool.execute(WHO))];
      const answers = await Promise.all(asked);
      expect(answers.map(([rows]) => rows)).toEqual([
        [{ name: test.a }],
        [{ name: test.b }],
        [{ name: test.a }],
      ]);
      await isQuiet();
    });

    it('takes the tenant at the call, not when it is served', async () => {
      const pool = mysqlPool(test.tenancy, {}).promise();
      const waiting: Promise<unknown>[] = [];
      for (let i = 0; i < 20; i++)
        waiting.push(test.tenancy.run(i % 2 ? test.a : test.b, () => pool.query(WHO)));
      const answers = (await Promise.all(waiting)) as [{ name: string }[]][];
      expect(answers.map(([[row]]) => row?.name)).toEqual(answers.map((_, i) => (i % 2 ? test.a : test.b)));
    });

    it('refuses before any I/O where no tenant is in context', async () => {
      const pool = mysqlPool(test.tenancy);
      await expect(pool.promise().query(WHO)).rejects.toBeInstanceOf(NoTenantError);
      await expect(pool.promise().execute(WHO)).rejects.toBeInstanceOf(NoTenantError);
      await expect(pool.promise().getConnection()).rejects.toBeInstanceOf(NoTenantError);
      const [error] = await once(pool.query(WHO), 'error').catch((failure: unknown) => [failure]);
      expect(error).toBeInstanceOf(NoTenantError);
    });

    it('refuses a tenant that is given and undefined, and what it does not know', () => {
      expect(() => mysqlPool(test.tenancy, { tenant: undefined } as never)).toThrow(InvalidOptionError);
      expect(() => mysqlPool(test.tenancy, { tenant: '' })).toThrow(InvalidOptionError);
      expect(() => mysqlPool(test.tenancy, { connectionLimit: 5 } as never)).toThrow(InvalidOptionError);
    });

    it('serves a named tenant in any context', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a }).promise();
      expect((await pool.query(WHO))[0]).toEqual([{ name: test.a }]);
      expect((await inB(() => pool.query(WHO)))[0]).toEqual([{ name: test.a }]);
    });
  });

  describe('a statement of the pool', () => {
    it('is returned at once as a command, whose events come in the context of the caller', async () => {
      const pool = mysqlPool(test.tenancy);
      const context = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const ask = (name: string) =>
        context.run(name, () =>
          inA(async () => {
            const command = pool.query(WHO);
            expect(command).toBeInstanceOf(Object);
            command.on('result', (row) => seen.push([context.getStore(), row]));
            await once(command, 'end');
          }),
        );
      await Promise.all([ask('one'), ask('two')]);
      expect(seen.map((entry) => (entry as [string])[0]).sort()).toEqual(['one', 'two']);
      await isQuiet();
    });

    it('calls back in the context of the caller, on any connection, with errors too', async () => {
      const pool = mysqlPool(test.tenancy);
      const ask = (sql: string) =>
        new Promise((resolve) => pool.query(sql, () => resolve(test.tenancy.session().tenant)));
      for (let i = 0; i < 3; i++) {
        expect(await Promise.all([inA(() => ask(WHO)), inB(() => ask(WHO))])).toEqual([test.a, test.b]);
        expect(await Promise.all([inA(() => ask('NONSENSE')), inB(() => ask('NONSENSE'))])).toEqual([
          test.a,
          test.b,
        ]);
      }
      const executed = (sql: string) =>
        new Promise((resolve) => pool.execute(sql, () => resolve(test.tenancy.session().tenant)));
      expect(await Promise.all([inA(() => executed(WHO)), inB(() => executed(WHO))])).toEqual([
        test.a,
        test.b,
      ]);
      await isQuiet();
    });

    it('streams rows, and holds its connection until the last one', async () => {
      const pool = mysqlPool(test.tenancy);
      await inA(async () => {
        const rows: unknown[] = [];
        const stream = pool.query('SELECT seq FROM seq_1_to_5000').stream({ highWaterMark: 5 });
        for await (const row of stream) {
          if (rows.length === 0) expect(test.inUse()).toBe(1);
          rows.push(row);
        }
        expect(rows).toHaveLength(5000);
      });
      await isQuiet();
    });

    it('keeps to the options of the call', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a }).promise();
      const [arrays] = await pool.query({ sql: 'SELECT 1 AS a, 2 AS b', rowsAsArray: true });
      expect(arrays).toEqual([[1, 2]]);
      const [named] = await pool.query(
        { sql: 'SELECT :a + :b AS sum', namedPlaceholders: true },
        { a: 1, b: 2 },
      );
      expect(named).toEqual([{ sum: 3 }]);
      const [executed] = await pool.execute({ sql: 'SELECT :a AS a', namedPlaceholders: true }, { a: 'x' });
      expect(executed).toEqual([{ a: 'x' }]);
      const typeCast = (field: { string(): string | null }) => `<${field.string()}>`;
      expect((await pool.query({ sql: 'SELECT 1 AS a', typeCast }))[0]).toEqual([{ a: '<1>' }]);
    });

    it('keeps to the options of the pool, which end with each lease', async () => {
      const strings = mysqlPool(test.tenancy, {
        tenant: test.a,
        dateStrings: true,
        rowsAsArray: true,
      }).promise();
      const plain = mysqlPool(test.tenancy, { tenant: test.a }).promise();
      for (let i = 0; i < 2; i++) {
        expect((await strings.query("SELECT DATE '2026-01-02' AS day"))[0]).toEqual([['2026-01-02']]);
        expect((await strings.execute("SELECT DATE '2026-01-02' AS day"))[0]).toEqual([['2026-01-02']]);
        expect((await plain.query("SELECT DATE '2026-01-02' AS day"))[0]).toEqual([
          { day: new Date('2026-01-02') },
        ]);
      }
    });

    it('gives back the error that the driver gives, and keeps the connection', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a }).promise();
      await pool.query(WHO);
      const { doubtful } = test.totals();
      for (let i = 0; i < 3; i++) {
        await expect(pool.query('SELECT * FROM missing')).rejects.toMatchObject({ errno: 1146 });
        await expect(pool.execute('SELECT * FROM missing')).rejects.toMatchObject({ errno: 1146 });
        await expect(pool.query('INSERT INTO who VALUES (?)', [test.a])).rejects.toMatchObject({
          errno: 1062,
        });
      }
      await isQuiet();
      expect(test.totals().doubtful).toBe(doubtful);
    });

    it('gives the connection back where the server ends it under way', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const connection = await checkOut(pool);
      const outcome = new Promise((resolve) => connection.query('SELECT SLEEP(30)', resolve));
      await pool.promise().query(`KILL ${connection.threadId}`);
      expect(await outcome).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
      await isQuiet();
      connection.release();
    });
  });

  describe('a statement of the pool whose connection is lost', () => {
    const SLOW = 'SELECT SLEEP(30) AS slow';

    async function killSlow(): Promise<void> {
      const find = async () =>
        (
          await test.tenancy.central.query<{ id: number }>(
            `SELECT id FROM information_schema.processlist WHERE info = '${SLOW}'`,
          )
        )[0]?.id;
      await expect.poll(find).toBeDefined();
      await test.tenancy.central.query(`KILL ${await find()}`);
    }

    it.each(['query', 'execute'] as const)('tells the callback of %s, and takes no place', async (method) => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const outcome = new Promise((resolve) => pool[method](SLOW, resolve));
      await killSlow();
      expect(await outcome).toMatchObject({ fatal: true });
      await isQuiet();
    });

    it('takes no place where nobody has a callback', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      pool.query(SLOW).on('error', () => {});
      await killSlow();
      await isQuiet();
    });
  });

  describe('a connection of the pool', () => {
    it('is of no use after its release, and neither is what was made of it', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const connection = await checkOut(pool);
      const promise = connection.promise();
      const statement = await promise.prepare(WHO);
      expect((await statement.execute([]))[0]).toEqual([{ name: test.a }]);
      connection.release();
      connection.release();
      expect(() => connection.query(WHO)).toThrow(LeaseEndedError);
      expect(() => promise.query(WHO)).toThrow(LeaseEndedError);
      expect(() => promise.execute(WHO)).toThrow(LeaseEndedError);
      await expect(async () => statement.execute([])).rejects.toBeInstanceOf(LeaseEndedError);
      await isQuiet();
    });

    it('is given back inside of its last event or callback, and kept', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      await pool.promise().query(WHO);
      const { doubtful, leases = 0 } = test.totals();
      for (const sql of [WHO, 'SELECT * FROM missing']) {
        for (const method of ['query', 'execute'] as const) {
          const connection = await checkOut(pool);
          await new Promise<void>((resolve) => {
            connection[method](sql, () => {
              connection.release();
              resolve();
            });
          });
        }
        const connection = await checkOut(pool);
        await new Promise<void>((resolve) => {
          connection
            .query(sql)
            .on('error', () => {})
            .once('end', () => {
              connection.release();
              resolve();
            });
        });
      }
      await isQuiet();
      expect(test.totals()).toMatchObject({ doubtful, leases: leases + 6 });
    });

    it('is closed where a transaction is open, or a statement under way', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const { doubtful = 0 } = test.totals();
      const left = await checkOut(pool);
      await left.promise().beginTransaction();
      await left.promise().query("INSERT INTO notes (text) VALUES ('never')");
      left.release();
      const failed = await checkOut(pool);
      await failed.promise().beginTransaction();
      await failed
        .promise()
        .query('SELECT * FROM missing')
        .catch(() => {});
      failed.release();
      const busy = await checkOut(pool);
      busy.query('SELECT SLEEP(0.01)', () => {});
      busy.release();
      await isQuiet();
      expect(test.totals().doubtful).toBe(doubtful + 3);
      expect((await pool.promise().query("SELECT * FROM notes WHERE text = 'never'"))[0]).toEqual([]);
    });

    it('shows a configuration by which nobody can connect beside the budget, to a default address either', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const client = await checkOut(pool);
      const { connectionConfig } = (pool as unknown as { config: { connectionConfig: ConnectionOptions } })
        .config;
      for (const shown of [client.config, { ...client.config }, connectionConfig, { ...connectionConfig }]) {
        expect(() => createConnection(shown as ConnectionOptions)).toThrow(NotSupportedError);
      }
      client.release();
    });

    it('leaves nothing behind: variables, statements, listeners, settings of the driver', async () => {
      const one = mysqlPool(test.tenancy, { tenant: test.a });
      const first = await checkOut(one);
      const { threadId } = first;
      first.on('error', () => {});
      first.config.rowsAsArray = true;
      Object.assign(first, { left: 'behind' });
      await first.promise().query('SET @left = 1');
      await first.promise().execute(WHO);
      first.release();
      const second = await checkOut(one);
      expect(second.threadId).toBe(threadId);
      expect((await second.promise().query('SELECT @left AS trace'))[0]).toEqual([{ trace: null }]);
      expect(second).not.toHaveProperty('left');
      expect(second.listeners('error')).toHaveLength(2);
      second.release();
    });

    it.each(['changeUser', 'createBinlogStream'])('refuses %s', async (method) => {
      const connection = await checkOut(mysqlPool(test.tenancy, { tenant: test.a }));
      expect(() => Reflect.apply(Reflect.get(connection, method), connection, [{}])).toThrow(/does not let/);
      connection.release();
    });

    it('refuses objects as values, and takes lists', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a }).promise();
      await expect(pool.query('SELECT * FROM who WHERE ?', [{ name: 1 }])).rejects.toMatchObject({
        code: 'TENANTRY_INVALID_PARAMETER',
      });
      await expect(pool.query('SELECT * FROM who WHERE name IN (?)', [['x', { y: 1 }]])).rejects.toThrow();
      expect(
        (await pool.query('SELECT name FROM who WHERE name IN (?)', [[test.a, test.b]]))[0],
      ).toHaveLength(1);
      await isQuiet();
    });

    it('refuses local files', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a }).promise();
      const sql = "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE who";
      await expect(pool.query({ sql, infileStreamFactory: () => process.stdin } as never)).rejects.toThrow();
    });

    it('is no other with raw, and is closed when it comes back', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a, raw: true });
      const { doubtful = 0 } = test.totals();
      const connection = await checkOut(pool);
      expect((await connection.promise().query(WHO))[0]).toEqual([{ name: test.a }]);
      connection.release();
      await isQuiet();
      expect(test.totals().doubtful).toBe(doubtful + 1);
      expect((await pool.promise().query(WHO))[0]).toEqual([{ name: test.a }]);
    });
  });

  describe('the end of a pool', () => {
    it('closes this pool and nothing else', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const held = await checkOut(pool);
      await pool.promise().end();
      await expect(pool.promise().query(WHO)).rejects.toThrow('Pool is closed.');
      expect((await held.promise().query(WHO))[0]).toEqual([{ name: test.a }]);
      held.release();
      await isQuiet();
      expect((await mysqlPool(test.tenancy, { tenant: test.a }).promise().query(WHO))[0]).toHaveLength(1);
    });

    it('turns away whoever still waits', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const held = await Promise.all([checkOut(pool), checkOut(pool), checkOut(pool)]);
      const waiting = expect(checkOut(pool)).rejects.toThrow('Pool is closed.');
      pool.end();
      await waiting;
      for (const connection of held) connection.release();
      await isQuiet();
    });
  });

  describe('events of the pool', () => {
    it('tell of each connection that is given out, given back and waited for', async () => {
      const pool = mysqlPool(test.tenancy, { tenant: test.a });
      const events: string[] = [];
      for (const event of ['connection', 'acquire', 'release', 'enqueue'])
        pool.on(event, () => events.push(event));
      const held = [await checkOut(pool), await checkOut(pool), await checkOut(pool)];
      const next = checkOut(pool);
      await expect.poll(() => events).toContain('enqueue');
      for (const connection of held) connection.release();
      (await next).release();
      expect(events.filter((event) => event === 'release')).toHaveLength(4);
      expect(events.filter((event) => event === 'acquire')).toHaveLength(4);
    });

    it('let a listener prepare every session: it is the first to speak on each', async () => {
      const pool = mysqlPool(test.tenancy);
      pool.on('connection', (connection) => connection.query("SET @app = 'set'"));
      const ask = () => pool.promise().query('SELECT @app AS app, DATABASE() AS db');
      for (const run of [inA, inB, inA, inB]) expect((await run(ask))[0]).toMatchObject([{ app: 'set' }]);
    });
  });
});
