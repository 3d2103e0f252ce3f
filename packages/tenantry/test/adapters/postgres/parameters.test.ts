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

  describe('what the driver would fail at too late', () => {
    const wrong: readonly unknown[] = [
      { text, name: {} },
      { text, name: 5 },
      { text, name: Symbol('x') },
      { text: {}, name: 'named' },
      { text, portal: {}, values: [] },
      { text, types: {} },
      { text, types: 5 },
      { text, types: { getTypeParser: 'text' } },
    ];

    it('is refused by a pool and by a lent client, which go on', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy, { tenant: tenants.a });
      for (const config of wrong as pg.QueryConfig[]) {
        await expect(pool.query(config)).rejects.toThrow(InvalidParameterError);
        const called = new Promise((resolve) => pool.query(config, resolve));
        expect(await called).toBeInstanceOf(InvalidParameterError);
        const client = await pool.connect();
        await expect(client.query(config)).rejects.toThrow(InvalidParameterError);
        expect(() => client.query(new pg.Query(config))).toThrow(InvalidParameterError);
        expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
        client.release();
      }
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });
  });

  describe('a query, cursor or stream that has run', () => {
    it('runs no second time, for whatever tenant', async () => {
      const tenancy = await tenants.open({ maxConnections: 1 });
      const pool = pgPool(tenancy);
      const query = new pg.Query('SELECT text FROM notes');
      const run = (tenant: string) => tenancy.run(tenant, () => pool.query(query as never));
      await run(tenants.a);
      await expect(run(tenants.b)).rejects.toThrow(InvalidParameterError);
      const stream = new QueryStream('SELECT text FROM notes');
      const client = await tenancy.run(tenants.a, () => pool.connect());
      for await (const row of client.query(stream)) expect(row).toEqual({ text: tenants.a });
      expect(() => client.query(stream)).toThrow(InvalidParameterError);
      client.release();
    });
  });
});
