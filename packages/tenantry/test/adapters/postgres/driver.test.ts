import pg from 'pg';
import { InvalidOptionError, NoTenantError } from 'tenantry';
import { type PgDriver, pgDriver } from 'tenantry/postgres';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants, WHOSE } from './tenants.js';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);
  const whose = async (pool: pg.Pool) => (await pool.query(WHOSE)).rows[0].text;

  describe('the driver module of a tenancy', () => {
    it('has a pool that is the tenancy, whatever options the host has for it', async () => {
      const tenancy = await tenants.open();
      const driver = pgDriver(tenancy);
      const elsewhere = { host: 'nowhere.invalid', database: 'postgres', user: 'nobody', max: 100 };
      const pool = new driver.Pool(elsewhere);
      expect(pool).toBeInstanceOf(pg.Pool);
      expect(pool).toBeInstanceOf(driver.Pool);
      for (const name of [tenants.a, tenants.b])
        expect(await tenancy.run(name, () => whose(pool))).toBe(name);
      await expect(pool.query(WHOSE)).rejects.toThrow(NoTenantError);
    });

    it('can be that of one tenant', async () => {
      const tenancy = await tenants.open();
      const { Pool } = pgDriver(tenancy, { tenant: tenants.b });
      expect(await whose(new Pool())).toBe(tenants.b);
    });

    it('has nothing of its own to close, and the host may close it again and again', async () => {
      const tenancy = await tenants.open();
      const { Pool } = pgDriver(tenancy, { tenant: tenants.a });
      for (let i = 0; i < 3; i++) {
        const pool = new Pool();
        expect(await whose(pool)).toBe(tenants.a);
        await pool.end();
      }
      expect(tenancy.stats().servers.main?.totals.opened).toBe(1);
    });

    it('is pg for whatever opens no connection', async () => {
      const driver = pgDriver(await tenants.open());
      const { types, defaults, Query, Result, DatabaseError, TypeOverrides } = driver;
      expect({ types, defaults, Query, Result, DatabaseError, TypeOverrides }).toEqual({
        types: pg.types,
        defaults: pg.defaults,
        Query: pg.Query,
        Result: pg.Result,
        DatabaseError: pg.DatabaseError,
        TypeOverrides: pg.TypeOverrides,
      });
      expect(driver.escapeIdentifier('a"')).toBe('"a"""');
      // A host that finds pg's native client prefers it.
      expect('native' in driver).toBe(false);
      expectTypeOf(driver).toEqualTypeOf<PgDriver>();
      expectTypeOf(new driver.Pool()).toEqualTypeOf<pg.Pool>();
    });

    it('refuses a connection of the host own, and a tenant that is none', async () => {
      const tenancy = await tenants.open();
      const { Client } = pgDriver(tenancy);
      expect(() => new Client({ host: 'localhost' })).toThrow(InvalidOptionError);
      expect(() => Reflect.apply(pgDriver, undefined, [tenancy, { tenant: undefined }])).toThrow(
        InvalidOptionError,
      );
    });
  });
});
