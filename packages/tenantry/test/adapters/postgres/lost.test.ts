import { once } from 'node:events';
import { createRequire } from 'node:module';
import type pg from 'pg';
import QueryStream from 'pg-query-stream';
import type { Tenancy } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants, WHOSE } from './tenants.js';

interface Cursor extends pg.Submittable {
  read(count: number): Promise<unknown[]>;
}
const require = createRequire(import.meta.url);
const PgCursor = require('pg-cursor') as new (text: string) => Cursor;

const MANY = "SELECT n, repeat('x', 1000) FROM generate_series(1, 100000) AS n";

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);

  /** Ends the one connection of a pool while something reads from it, and expects the place to be free afterwards. */
  async function whileKilled(read: (client: pg.PoolClient, kill: () => Promise<void>) => Promise<void>) {
    const tenancy = await tenants.open({ maxConnections: 1 });
    const pool = pgPool(tenancy, { tenant: tenants.a });
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const lost = new Promise<void>((resolve) => {
      client.once('end', resolve);
    });
    await read(client, () => kill(tenancy, rows[0]?.pid));
    await lost;
    client.release();
    expect((await pool.query(WHOSE)).rows).toEqual([{ text: tenants.a }]);
    expect(tenancy.stats().servers.main?.totals.opened).toBe(2);
  }

  async function kill(tenancy: Tenancy, pid: number | undefined): Promise<void> {
    await tenancy.central.query(`SELECT pg_terminate_backend(${pid}, 5000)`);
  }

  describe('a connection that is lost', () => {
    it('ends a stream of rows with an error', async () => {
      await whileKilled(async (client, end) => {
        const reading = async () => {
          let seen = 0;
          for await (const _ of client.query(new QueryStream(MANY, [], { batchSize: 10 }))) {
            if (++seen === 25) await end();
          }
        };
        await expect(reading()).rejects.toThrow(/terminat/i);
      });
    });

    it('ends a stream of which nobody reads for the moment', async () => {
      await whileKilled(async (client, end) => {
        const stream = client.query(new QueryStream(MANY, [], { batchSize: 10, highWaterMark: 5 }));
        await once(stream, 'readable');
        await end();
        stream.resume();
        await expect(once(stream, 'end')).rejects.toThrow(/terminat/i);
      });
    });

    it('ends a cursor: what is read, and what would be read', async () => {
      await whileKilled(async (client, end) => {
        const cursor = client.query(new PgCursor(MANY));
        await cursor.read(2);
        await end();
        await expect(cursor.read(1)).rejects.toThrow(/terminat/i);
        await expect(cursor.read(1)).rejects.toThrow(/terminat/i);
      });
    });

    it('ends a statement that is under way, and those that wait behind it', async () => {
      await whileKilled(async (client, end) => {
        const statements = [client.query('SELECT pg_sleep(60)'), client.query('SELECT 1')];
        const outcomes = Promise.allSettled(statements);
        await end();
        expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      });
    });
  });
});
