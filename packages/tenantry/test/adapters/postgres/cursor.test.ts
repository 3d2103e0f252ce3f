import { createRequire } from 'node:module';
import type pg from 'pg';
import QueryStream from 'pg-query-stream';
import { LeaseEndedError } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants, WHOSE } from './tenants.js';

/** pg-cursor has no types. */
interface Cursor extends pg.Submittable {
  read(count: number): Promise<unknown[]>;
  close(): Promise<void>;
}
const require = createRequire(import.meta.url);
const PgCursor = require('pg-cursor') as new (text: string) => Cursor;

const MANY = 'SELECT n FROM generate_series(1, 100000) AS n';

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);

  /** Uses a client of a pool with one connection, and says how many were needed until the next one is served. */
  const connectionsFor = async (use: (client: pg.PoolClient) => Promise<unknown>) => {
    const tenancy = await tenants.open({ maxConnections: 1 });
    const pool = pgPool(tenancy, { tenant: tenants.a });
    const client = await pool.connect();
    await use(client);
    client.release();
    expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
    return tenancy.stats().servers.main?.totals.opened;
  };

  describe('pg-cursor', () => {
    it('reads in portions, and gives its connection back when it is closed', async () => {
      const connections = await connectionsFor(async (client) => {
        const cursor = client.query(new PgCursor(MANY));
        expect(await cursor.read(2)).toEqual([{ n: 1 }, { n: 2 }]);
        expect(await cursor.read(1)).toEqual([{ n: 3 }]);
        await cursor.close();
      });
      expect(connections).toBe(1);
    });

    it('that is left open costs its connection, and reads nothing more', async () => {
      let cursor: Cursor | undefined;
      const connections = await connectionsFor(async (client) => {
        cursor = client.query(new PgCursor(MANY));
        await cursor.read(1);
      });
      expect(connections).toBe(2);
      await expect(cursor?.read(1)).rejects.toThrow(LeaseEndedError);
    });
  });

  describe('pg-query-stream', () => {
    it('streams rows, and gives its connection back at its end', async () => {
      const connections = await connectionsFor(async (client) => {
        let count = 0;
        for await (const _ of client.query(new QueryStream(MANY))) count++;
        expect(count).toBe(100_000);
      });
      expect(connections).toBe(1);
    });

    it('that is left open ends with an error where it would have read on', async () => {
      let stream: QueryStream | undefined;
      await connectionsFor(async (client) => {
        stream = client.query(new QueryStream(MANY));
        await new Promise((resolve) => stream?.once('readable', resolve));
      });
      const told = new Promise((resolve) => stream?.once('error', resolve));
      stream?.resume();
      expect(await told).toBeInstanceOf(LeaseEndedError);
    });
  });
});
