import { describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { RebindFailedError } from '../../../src/engine/rebind-failed.js';
import { InvalidParameterError } from '../../../src/errors.js';
import { borrow, useTwoDatabases, variables, WHO } from './borrow.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);

  describe("the server's defaults", () => {
    it('are not taken for granted for ever: an old connection is not moved', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      connection.rebind(tenants.b);
      await connection.ping();
      const now = performance.now();
      vi.spyOn(performance, 'now').mockReturnValue(now + 61_000);
      expect(() => connection.rebind(tenants.a)).toThrow(NotSentError);
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
    });
  });

  describe('the server instance', () => {
    it('is the same for its connections', async () => {
      const [one, other] = [await test.open(), await test.open('mysql')];
      expect(one.instance).toMatch(/\S+ \S+ \d+ \d+/);
      expect(other.instance).toBe(one.instance);
    });
  });
});

onEngine('mysql', () => {
  describe('a server whose defaults are others', () => {
    const test = useServer({
      default_time_zone: '+05:00',
      autocommit: 0,
      character_set_server: 'latin1',
      collation_server: 'latin1_swedish_ci',
      lower_case_table_names: 1,
    });
    const tenants = useTwoDatabases(test);

    it('has sessions like any other, fresh or moved', async () => {
      const [one, fresh] = [await borrow(test.url, tenants.a), await borrow(test.url, tenants.b)];
      await one.run("SET time_zone = '+03:00', @a = 1", 'SET NAMES latin1');
      one.connection.rebind(tenants.b);
      expect(await variables(one.connection)).toEqual(await variables(fresh.connection));
      const { rows } = await one.connection.query(
        "SELECT @@time_zone AS zone, @@autocommit AS autocommit, @@collation_connection AS collation, HEX('é') AS bytes",
      );
      expect(rows).toEqual([
        { zone: '+00:00', autocommit: 1, collation: 'utf8mb4_unicode_ci', bytes: 'C3A9' },
      ]);
      await one.connection.close();
      await fresh.connection.close();
    });

    it('may fold the names of databases', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      connection.rebind(tenants.b.toUpperCase());
      expect(await connection.currentDatabase()).toBe(tenants.b.toUpperCase());
      expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.b }]);
      await connection.close();
    });

    it('may have an init_connect, which no reset repeats: its connections are not moved', async () => {
      await test.admin("SET GLOBAL init_connect = 'SET @greeted = 1'");
      try {
        const { connection } = await borrow(test.url, tenants.a);
        expect(() => connection.rebind(tenants.b)).toThrow(NotSentError);
        expect((await connection.query(WHO)).rows).toEqual([{ name: tenants.a }]);
        await connection.close();
      } finally {
        await test.admin("SET GLOBAL init_connect = ''");
      }
    });
  });

  describe('a server whose defaults change', () => {
    const shared = useServer();
    const test = useServer({ default_time_zone: '+00:00' });
    const tenants = useTwoDatabases(test);

    it('is another instance than the next one', async () => {
      expect((await test.open()).instance).not.toBe((await shared.open()).instance);
    });

    const VALUE = "\\' OR TRUE -- ";

    it('escapes parameters for the session that will be, not for the one that was', async () => {
      const { connection, run } = await borrow(test.url, tenants.a);
      await run("SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
      connection.rebind(tenants.b);
      expect((await connection.query('SELECT ? AS value', [VALUE])).rows).toEqual([{ value: VALUE }]);
    });

    it('sends no parameter that it would read in another way', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      const [{ mode } = {}] = await test.admin('SELECT @@GLOBAL.sql_mode AS mode');
      await test.admin("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'");
      try {
        connection.rebind(tenants.b);
        const change = connection.query("UPDATE who SET name = 'injected' WHERE name = ?", [VALUE]);
        expect(await failure(change)).toBeInstanceOf(RebindFailedError);
        expect(await test.admin(`SELECT name FROM \`${tenants.b}\`.who`)).toEqual([{ name: tenants.b }]);

        const { connection: fresh, run } = await borrow(test.url, tenants.a);
        await run("SET sql_mode = ''");
        fresh.rebind(tenants.b);
        expect(await failure(fresh.query('SELECT ? AS value', [VALUE]))).toBeInstanceOf(
          InvalidParameterError,
        );
      } finally {
        await test.admin(`SET GLOBAL sql_mode = '${mode}'`);
      }
    });

    it('does not get away with autocommit off', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      await test.admin('SET GLOBAL autocommit = 0');
      connection.rebind(tenants.b);
      const error = failure(connection.query("INSERT INTO who VALUES ('uncommitted')"));
      expect(await error).toBeInstanceOf(RebindFailedError);
      expect(connection.isAlive()).toBe(false);
      await expect
        .poll(() => test.admin(`SELECT name FROM \`${tenants.b}\`.who`))
        .toEqual([{ name: tenants.b }]);
    });
  });
});
