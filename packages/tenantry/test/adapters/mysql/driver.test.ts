import mysql2, { type Pool } from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { type MysqlDriver, mysqlDriver, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { InvalidOptionError, NotSupportedError } from '../../../src/index.js';
import { useTenants, WHO } from './tenants.js';

onEngine('mysql', (engine) => {
  const test = useTenants(engine);

  describe('the driver module', () => {
    it('makes pools of the tenancy, whatever address the host has', async () => {
      const pool = mysqlDriver(test.tenancy).createPool({
        host: 'nowhere.invalid',
        user: 'x',
        connectionLimit: 1,
      });
      const [rows] = await test.tenancy.run(test.a, () => pool.promise().query(WHO));
      expect(rows).toEqual([{ name: test.a }]);
      const named = mysqlDriver(test.tenancy, { tenant: test.b }).createPoolPromise(
        'mysql://nowhere.invalid/x',
      );
      expect((await named.query(WHO))[0]).toEqual([{ name: test.b }]);
    });

    it('keeps to what the host says of values', async () => {
      const { createPool } = mysqlDriver(test.tenancy, { tenant: test.a });
      const pool = createPool({
        supportBigNumbers: true,
        bigNumberStrings: true,
        dateStrings: true,
      }).promise();
      expect(
        (await pool.query("SELECT CAST(7000000000 AS SIGNED) AS n, DATE '2026-01-02' AS day"))[0],
      ).toEqual([{ n: '7000000000', day: '2026-01-02' }]);
    });

    it.each([{ multipleStatements: true }, { flags: ['+LOCAL_FILES'] }, { charset: 'latin1' }])(
      'refuses %j',
      (options) => {
        expect(() => mysqlDriver(test.tenancy).createPool(options)).toThrow(InvalidOptionError);
      },
    );

    it.each([
      'createConnection',
      'createConnectionPromise',
      'connect',
      'createPoolCluster',
      'createPoolClusterPromise',
      'createServer',
    ] as const)('refuses %s by name', (name) => {
      expect(() => mysqlDriver(test.tenancy)[name]({})).toThrow(NotSupportedError);
    });

    it('has the rest of the module', () => {
      const driver = mysqlDriver(test.tenancy);
      expect(driver.escapeId('a`b')).toBe('`a``b`');
      expect(driver.Types).toBe(mysql2.Types);
      expect(() => mysqlDriver(test.tenancy, { tenant: undefined } as never)).toThrow(InvalidOptionError);
    });
  });

  it("is typed as the driver's own", () => {
    expectTypeOf(mysqlPool).returns.toEqualTypeOf<Pool>();
    expectTypeOf(mysqlPool).parameter(1).toEqualTypeOf<Parameters<typeof mysqlDriver>[1]>();
    expectTypeOf<MysqlDriver['createPool']>().returns.toEqualTypeOf<ReturnType<typeof mysql2.createPool>>();
    expectTypeOf<MysqlDriver['createPoolPromise']>().returns.toEqualTypeOf<PromisePool>();
    expectTypeOf<{ tenant: undefined }>().not.toExtend<NonNullable<Parameters<typeof mysqlPool>[1]>>();
  });
});
