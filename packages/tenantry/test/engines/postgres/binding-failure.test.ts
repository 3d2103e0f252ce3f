import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import type { DatabasePart } from '../../../src/engine/place.js';
import { RebindFailedError } from '../../../src/engine/rebind-failed.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { InvalidInputError } from '../../../src/errors.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { failure, terminateUnseen, useServer } from './test-server.js';

/** Tells that it ran, wherever that was, by a table whose name is one of ours, so that no policy is asked for. */
const RAN = 'INSERT INTO public.tenantry_processes DEFAULT VALUES';

type Isolation = DatabasePart['isolation'];

/** Something is put into what is sent ahead, of the same length, so that a step of it fails. */
const steps: readonly [string, Isolation, boolean, string, string][] = [
  ['discarding', 'schema', false, 'DISCARD ALL', 'DISCARD ALX'],
  ['discarding', 'row', true, 'DISCARD ALL', 'DISCARD ALX'],
  ['binding', 'schema', false, 'SET search_path', 'SET search?path'],
  ['binding', 'row', false, 'SET tenantry.', 'SET tenantry?'],
  ['binding', 'row', true, 'SET tenantry.', 'SET tenantry?'],
  ['the guard', 'schema', false, 'tenantry_binding_', 'tenantry_bindinX_'],
  ['the guard', 'row', false, 'tenantry_binding_', 'tenantry_bindinX_'],
];

onEngine('postgres', () => {
  const test = useServer();
  const databases = new Map<Isolation, SharedDatabase>();
  beforeAll(async () => {
    for (const isolation of ['schema', 'row'] as const) {
      databases.set(isolation, await shareDatabase(test, isolation));
    }
    const [first] = databases.values();
    await first?.owner(
      'CREATE TABLE public.tenantry_processes (); GRANT INSERT ON public.tenantry_processes TO PUBLIC',
    );
  });

  function shared(isolation: Isolation): SharedDatabase {
    const database = databases.get(isolation);
    if (database === undefined) throw new Error('It was not made.');
    return database;
  }

  async function timesRun(): Promise<number> {
    const witness = await test.open();
    return Number((await witness.query('SELECT count(*) AS n FROM tenantry_processes')).rows[0]?.n);
  }

  /** A connection of `a` that is to be moved to `b`. */
  async function moving(isolation: Isolation, touched = false): Promise<PostgresConnection> {
    const { database, open, part } = shared(isolation);
    const connection = await open('a');
    await connection.query(touched ? 'SET work_mem TO 100' : 'SELECT 1');
    connection.rebind(database, { part: part('b') });
    return connection;
  }

  /** Puts another text into the first thing that is sent from now on. */
  function tamper(connection: PostgresConnection, from: string, to: string): void {
    const client = connection.lend({ raw: true }).client as pg.Client;
    const { stream } = client.connection;
    const write = stream.write.bind(stream) as (bytes: Buffer) => boolean;
    stream.write = ((bytes: Buffer) => {
      stream.write = write as typeof stream.write;
      const text = bytes.toString('latin1');
      expect(text).toContain(from);
      return write(Buffer.from(text.replace(from, to), 'latin1'));
    }) as typeof stream.write;
  }

  describe.each([
    ['one statement', (connection: PostgresConnection) => connection.query(RAN)],
    ['a script', (connection: PostgresConnection) => connection.runScript(RAN)],
  ] as const)('%s behind a move that fails', (_, run) => {
    it.each(steps)('at %s (%s, touched: %s) never runs, and its connection ends', async (...step) => {
      const [, isolation, touched, from, to] = step;
      const connection = await moving(isolation, touched);
      tamper(connection, from, to);
      const lost = new Promise((resolve) => connection.onLost(resolve));
      expect(await failure(Promise.resolve(run(connection)))).toBeInstanceOf(RebindFailedError);
      expect(await lost).toBeInstanceOf(RebindFailedError);
      expect([connection.isAlive(), connection.isClean()]).toEqual([false, false]);
      expect(await failure(connection.query(RAN))).toBeInstanceOf(NotSentError);
      expect(await timesRun()).toBe(0);
    });
  });

  describe('a move', () => {
    it('of a session that the server has ended meanwhile is told as that', async () => {
      const connection = await moving('schema');
      const copy = await shared('schema').open('a');
      const pid = Number((await copy.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid);
      copy.rebind(shared('schema').database, { part: shared('schema').part('b') });
      terminateUnseen(test.url, pid);
      const error = await failure(copy.query(RAN));
      expect(['killed', 'connection-lost']).toContain(postgres.classifyError(error));
      expect(await timesRun()).toBe(0);
      await connection.close();
    });

    it('is refused in a transaction, to another kind of part, another database, or a name that cannot be', async () => {
      const { database, open, part } = shared('schema');
      const connection = await open('a');
      const move = (place: DatabasePart, where = database) => connection.rebind(where, { part: place });
      expect(() => move({ isolation: 'row', key: 'b' })).toThrow(NotSentError);
      expect(() => move(part('b'), 'postgres')).toThrow(NotSentError);
      expect(() => connection.rebind(database)).toThrow(NotSentError);
      expect(() => move({ isolation: 'schema', schema: 'x'.repeat(64) })).toThrow(InvalidInputError);
      await connection.begin();
      expect(() => move(part('b'))).toThrow(NotSentError);
      await connection.rollback();
      expect((await connection.query('SELECT name FROM users')).rows).toEqual([{ name: 'user of a' }]);
      await connection.close();
    });

    it('that was not sent is replaced by the next one', async () => {
      for (const isolation of ['schema', 'row'] as const) {
        const { database, part } = shared(isolation);
        const connection = await moving(isolation);
        connection.rebind(database, { part: part('a') });
        expect((await connection.query('SELECT name FROM users')).rows).toEqual([{ name: 'user of a' }]);
        await connection.close();
      }
    });

    it('of a session that was touched is never without its reset, however often it is moved', async () => {
      const { database, part } = shared('row');
      const connection = await moving('row', true);
      connection.rebind(database, { part: part('a') });
      expect((await connection.query('SHOW work_mem')).rows).toEqual([{ work_mem: '4MB' }]);
      await connection.close();
    });
  });

  describe.each(['schema', 'row'] as const)('the binding to a %s', (isolation) => {
    it.each([
      ['a failed statement', ['SELECT 1/0']],
      ['a rollback', ['BEGIN', 'SELECT 1', 'ROLLBACK']],
      ['a failed transaction', ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'SELECT 1/0', 'COMMIT']],
      ['a savepoint', ['BEGIN', 'SAVEPOINT s', 'SELECT 1/0', 'ROLLBACK TO s', 'COMMIT']],
    ])('outlives %s, also one that was sent right behind it', async (_, statements) => {
      const connection = await moving(isolation);
      for (const sql of statements) await connection.query(sql).catch(() => {});
      expect((await connection.query('SELECT name FROM users')).rows).toEqual([{ name: 'user of b' }]);
      expect(connection.isClean()).toBe(true);
      await connection.close();
    });

    it('lets what runs in no transaction run', async () => {
      const connection = await moving(isolation);
      await connection.query('VACUUM');
      const other = await moving(isolation);
      await other.runScript('VACUUM');
      await Promise.all([connection.close(), other.close()]);
    });
  });
});
