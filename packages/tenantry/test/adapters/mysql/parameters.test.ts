import type { Connection } from 'mysql2';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { InvalidParameterError } from '../../../src/index.js';
import { useTenants } from './tenants.js';

onEngine('mysql', (engine) => {
  const test = useTenants(engine);
  const values = Array.from({ length: 65_536 }, () => 1);
  const sql = `SELECT 1 IN (${values.map(() => '?').join()}) AS a`;
  const mysql = () => mysqlPool(test.tenancy, { tenant: test.a });
  const mariadb = () => mariadbPool(test.tenancy, { tenant: test.a });

  describe('more parameters than a prepared statement can have', () => {
    const doors: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['mysqlPool', () => mysql().promise().execute(sql, values)],
      ['mysqlPool, with an object', () => mysql().promise().execute({ sql, values })],
      ['mysqlPool, with a callback', () => new Promise((_, reject) => mysql().execute(sql, values, reject))],
      ['mariadbPool', () => mariadb().execute(sql, values)],
      ['mariadbPool, with an object', () => mariadb().execute({ sql, values } as never)],
      ['mariadbPool, with many rows', () => mariadb().batch(sql, [values, values])],
    ];

    it.each(doors)('are refused before anything is sent: %s', async (_door, attempt) => {
      const error = await attempt().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidParameterError);
      expect(error).toMatchObject({ message: expect.stringContaining('65536 parameters') });
      expect(error).toMatchObject({ hint: expect.stringContaining('65535') });
      await expect.poll(() => test.inUse()).toBe(0);
    });

    it('are refused by a lent client, which goes on', async () => {
      const lease = await test.tenancy.clients(test.a).acquire();
      const client = (lease.client as Connection).promise();
      await client.beginTransaction();
      await expect(client.execute(sql, values)).rejects.toThrow(InvalidParameterError);
      expect((await client.execute('SELECT ? AS a', [2]))[0]).toEqual([{ a: 2 }]);
      await client.commit();
      lease.release();
    });

    it('are taken where they are written into the text', async () => {
      expect(await test.tenancy.session(test.a).query(sql, values)).toEqual([{ a: 1 }]);
      expect((await mysql().promise().query(sql, values))[0]).toEqual([{ a: 1 }]);
      expect(await mariadb().query(sql, values)).toMatchObject([{ a: 1 }]);
    });
  });
});
