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

/** A COPY, by the protocol: it reads or writes until it is told of the end. */
class Copy implements pg.Submittable {
  readonly begun: Promise<void>;
  readonly ended: Promise<unknown>;
  readonly #text: string;
  #begin = () => {};
  #end: (error?: unknown) => void = () => {};

  constructor(text: string) {
    this.#text = text;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  submit = (connection: pg.Connection): void => {
    connection.query(this.#text);
    if (this.#text.endsWith('TO STDOUT')) this.#begin();
  };

  handleCopyInResponse = (): void => this.#begin();
  handleCopyData = (): void => {};
  handleCommandComplete = (): void => {};
  handleReadyForQuery = (): void => this.#end();
  handleError = (error: unknown): void => this.#end(error);
}

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

    it('ends a copy, in both directions', async () => {
      for (const text of ['COPY (SELECT pg_sleep(60)) TO STDOUT', 'COPY notes FROM STDIN']) {
        await whileKilled(async (client, end) => {
          const copying = new Copy(text);
          client.query(copying);
          await copying.begun;
          await end();
          expect(await copying.ended).toMatchObject({ message: expect.stringMatching(/terminat/i) });
        });
      }
    });

    it('is said to be lost, and not to have been given back, until it is', async () => {
      await whileKilled(async (client, end) => {
        const query = client.query('SELECT pg_sleep(60)');
        const outcome = query.catch((error: unknown) => error);
        await end();
        await outcome;
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        for (const use of [
          () => client.query('SELECT 1'),
          () => client.query({ name: 'one', text: 'SELECT 1' }),
          () => client.query(new PgCursor(MANY)).read(1),
        ]) {
          const error = await use().catch((failed: unknown) => failed);
          expect(error).toMatchObject({ message: expect.not.stringMatching(/given back/) });
          expect(error).toMatchObject({ message: expect.stringMatching(/not queryable|terminat|lost/i) });
        }
      });
    });
  });
});
