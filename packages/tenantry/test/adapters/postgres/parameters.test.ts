import pg from 'pg';
import QueryStream from 'pg-query-stream';
import { InvalidParameterError } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants } from './tenants.js';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);
  const values = Array.from({ length: 65_536 }, (_, index) => index);
  const text = 'SELECT 1';

  describe('more parameters than the protocol counts', () => {
    it('are refused by a pool in each of its forms, before anything is sent', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      await expect(pool.query(text, values)).rejects.toThrow(InvalidParameterError);
      await expect(pool.query({ text, values })).rejects.toThrow(/65536 parameters/);
      await expect(pool.query({ name: 'many', text, values })).rejects.toMatchObject({
        code: 'TENANTRY_INVALID_PARAMETER',
        hint: expect.stringContaining('65535'),
      });
      const called = new Promise((resolve) => pool.query(text, values, resolve));
      expect(await called).toBeInstanceOf(InvalidParameterError);
      expect((await pool.query({ name: 'many', text: 'SELECT 2 AS n' })).rows).toEqual([{ n: 2 }]);
      expect(tenancy.stats().servers.main?.totals.opened).toBe(1);
    });

    it('are refused by a lent client in each of its forms, which goes on', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const client = await pgPool(tenancy, { tenant: tenants.a }).connect();
      await client.query('BEGIN');
      await expect(client.query(text, values)).rejects.toThrow(InvalidParameterError);
      await expect(client.query({ text, values })).rejects.toThrow(InvalidParameterError);
      const called = new Promise((resolve) => client.query(text, values, resolve));
      expect(await called).toBeInstanceOf(InvalidParameterError);
      expect(() => client.query(new pg.Query(text, values))).toThrow(InvalidParameterError);
      expect(() => client.query(new QueryStream(text, values))).toThrow(InvalidParameterError);
      expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
      await client.query('COMMIT');
      client.release();
    });

    it('are refused by a session', async () => {
      const session = (await tenants.open()).session(tenants.a);
      await expect(session.query(text, values)).rejects.toThrow(InvalidParameterError);
    });
  });
});
