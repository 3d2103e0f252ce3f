import mariadb, { type ConnectionConfig } from 'mariadb';
import type { Connection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { openTunnel } from '../../../src/engines/mysql/index.js';
import { InvalidParameterError } from '../../../src/errors.js';
import { borrow, useTwoDatabases } from './borrow.js';
import { failure, useServer } from './test-server.js';

const ATTACK = "\\' OR 1=1 -- ";
const NO_ESCAPES = "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')";

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  const lend = async () => {
    const { connection } = await borrow(test.url, tenants.a);
    const lent = connection.lend();
    return { connection, client: lent.client as Connection, revoke: lent.revoke };
  };

  describe('a value for a lent client', () => {
    for (const change of [NO_ESCAPES, 'SET NAMES big5', 'SET NAMES latin1']) {
      it(`is refused while a change is under way that nobody waits for: ${change}`, async () => {
        const { client } = await lend();
        const changed = client.promise().query(change);
        const refused = failure(client.promise().query('SELECT name FROM who WHERE name = ?', [ATTACK]));
        const after = client.promise().query('SELECT 1 AS n');
        await changed;
        expect(await refused).toBeInstanceOf(InvalidParameterError);
        expect((await after)[0]).toEqual([{ n: 1 }]);
        expect(() => client.query('SELECT ?', [ATTACK])).toThrow(InvalidParameterError);
        expect(() => client.escape(ATTACK)).toThrow(InvalidParameterError);
        expect(() => client.format('SELECT ?', [ATTACK])).toThrow(InvalidParameterError);
        // The server binds these itself.
        expect((await client.promise().execute('SELECT ? = ? AS same', [1, 1]))[0]).toEqual([{ same: 1 }]);
      });
    }

    it('arrives, however many statements are under way', async () => {
      const { connection, client, revoke } = await lend();
      const answers = ['a', ATTACK, 'c'].map((value) => client.promise().query('SELECT ? AS v', [value]));
      const named = client
        .promise()
        .query({ sql: 'SELECT :v AS v', values: { v: ATTACK }, namedPlaceholders: true } as never);
      expect((await Promise.all(answers)).map(([rows]) => rows)).toEqual([
        [{ v: 'a' }],
        [{ v: ATTACK }],
        [{ v: 'c' }],
      ]);
      expect((await named)[0]).toEqual([{ v: ATTACK }]);
      revoke();
      expect(connection.isClean()).toBe(true);
    });

    it('is refused by an event where nobody calls back', async () => {
      const { client } = await lend();
      client.query('SET NAMES big5', () => {});
      const refusal = await new Promise((resolve) => client.query('SELECT ?', [ATTACK]).on('error', resolve));
      expect(refusal).toBeInstanceOf(InvalidParameterError);
    });
  });

  describe('a value by another driver', () => {
    const strict = useServer({ sql_mode: 'NO_BACKSLASH_ESCAPES' });
    const through = async (url: string, database: string) => {
      const { connection } = await borrow(url, database);
      const { client } = connection.lend();
      const options = {
        stream: () => openTunnel(client),
        collation: 'UTF8MB4_UNICODE_CI',
        timezone: 'Z',
        pipelining: false,
      };
      const other = await mariadb.createConnection(options as unknown as ConnectionConfig);
      other.on('error', () => {});
      return other;
    };

    it('is a value on a server where a backslash does not escape', async () => {
      const other = await through(strict.url, strict.database);
      for (const value of [ATTACK, "' OR 1=1 -- ", '\\']) {
        expect(await other.query('SELECT ? AS v', [value])).toEqual([{ v: value }]);
      }
    });

    it('is refused after a change of the mode that nobody waited for', async () => {
      const other = await through(test.url, tenants.a);
      const changed = other.query(NO_ESCAPES);
      await expect(other.query('SELECT ? AS v', [ATTACK])).rejects.toThrow();
      await changed;
    });

    // The reply tells the mode of that statement, and not that of the session.
    it.each([
      [false, "SET STATEMENT sql_mode = 'NO_BACKSLASH_ESCAPES' FOR SELECT 1"],
      [true, "SET STATEMENT sql_mode = '' FOR SELECT 1"],
    ])('is refused after another mode for one statement (%s)', async (isStrict, sql) => {
      const other = await (isStrict ? through(strict.url, strict.database) : through(test.url, tenants.a));
      await other.query(sql);
      await expect(other.query('SELECT ? AS v', ["\\' OR 1=1 -- "])).rejects.toThrow();
    });

    it('is refused after a change of the character set', async () => {
      const other = await through(test.url, tenants.a);
      await other.query('SET NAMES big5');
      await expect(other.query('SELECT ? AS v', [ATTACK])).rejects.toThrow();
    });
  });
});
