import { inspect } from 'node:util';
import pg from 'pg';
import { InvalidOptionError, NotSupportedError } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants, WHOSE } from './tenants.js';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);

  describe('what a pool of tenants shows of itself', () => {
    it('is no way to connect by oneself, and no address', async () => {
      const pool = pgPool(await tenants.open(), { tenant: tenants.a });
      expect(Reflect.get(pool, 'Client')).toBeUndefined();
      expect(Object.keys(pool.options)).toEqual(['stream']);
      // As Kysely does with a host's own class.
      expect(() => new pg.Client({ ...pool.options, password: undefined })).toThrow(NotSupportedError);
    });

    it.each([['tenat'], ['max'], ['onConnect'], ['verify'], ['host']])(
      'refuses an option that it does not know: %s',
      async (option) => {
        const tenancy = await tenants.open();
        expect(() => pgPool(tenancy, { [option]: tenants.a } as object)).toThrow(InvalidOptionError);
        expect(() => pgPool(tenancy, { [option]: tenants.a } as object)).toThrow(option);
      },
    );

    it('has one client less when it tells that one is removed', async () => {
      const pool = pgPool(await tenants.open(), { tenant: tenants.a });
      const counts: number[] = [];
      pool.on('release', () => counts.push(pool.totalCount));
      pool.on('remove', () => counts.push(pool.totalCount));
      (await pool.connect()).release();
      expect(counts).toEqual([1, 0]);
    });

    it('does not fail a statement that succeeded, for what a listener throws', async () => {
      const pool = pgPool(await tenants.open(), { tenant: tenants.a });
      const thrown = new Promise((resolve) => {
        const others = process.listeners('uncaughtException');
        process.removeAllListeners('uncaughtException');
        process.once('uncaughtException', (error) => {
          for (const other of others) process.on('uncaughtException', other);
          resolve(error);
        });
      });
      pool.on('release', () => {
        throw new Error('of the listener');
      });
      expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
      expect(String(await thrown)).toContain('of the listener');
      expect(pool.totalCount).toBe(0);
    });
  });

  describe('what a lent client shows of itself', () => {
    it('is where it is connected, and nothing that signs in', async () => {
      const pool = pgPool(await tenants.open(), { tenant: tenants.a });
      const client = (await pool.connect()) as pg.PoolClient & pg.Client;
      const { connectionParameters } = client as unknown as { connectionParameters: object };
      expect(connectionParameters).toEqual({
        host: client.host,
        port: client.port,
        user: client.user,
        database: client.database,
      });
      expect(client.password).toBeUndefined();
      expect(inspect(connectionParameters)).not.toContain('assword');
      client.release();
    });

    it('is closed after somebody took the number by which others could be cancelled', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      const client = await pool.connect();
      expect(Reflect.get(client, 'processID')).toBeTypeOf('number');
      client.release();
      await pool.query(WHOSE);
      expect(tenancy.stats().servers.main?.totals.opened).toBe(2);
    });
  });
});
