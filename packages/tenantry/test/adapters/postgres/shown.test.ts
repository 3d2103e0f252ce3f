import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { format, inspect } from 'node:util';
import pg from 'pg';
import QueryStream from 'pg-query-stream';
import type { Tenancy } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { sharedServer } from '../../../../../test/helpers/environment.js';
import { useTenants } from './tenants.js';

interface Cursor extends pg.Submittable {
  read(count: number): Promise<unknown[]>;
}
const require = createRequire(import.meta.url);
const PgCursor = require('pg-cursor') as new (text: string) => Cursor;

/** Never to be seen anywhere. */
const CANARY = 'canary-8c1e';

/** Everything that a program may print of a value. */
function shown(value: unknown): string {
  const all = { depth: 8, showHidden: true };
  const ways = [
    () => inspect(value),
    () => inspect(value, all),
    () => inspect(value, { ...all, showProxy: true }),
    () => inspect(value, { ...all, customInspect: false }),
    () => format('%o %O %j', value, value, value),
    () => JSON.stringify(value),
    () => inspect(structuredClone(value), all),
  ];
  return ways
    .map((way) => {
      try {
        return String(way());
      } catch (error) {
        // What cannot be cloned or is dead may say so, and is looked at as well.
        return inspect(error, all);
      }
    })
    .join('\n');
}

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);
  const user = `shown_${randomBytes(6).toString('hex')}`;
  const opened: Tenancy[] = [];

  beforeAll(async () => {
    const tenancy = await tenants.open();
    await tenancy.central.execute(`CREATE ROLE ${user} SUPERUSER LOGIN PASSWORD '${CANARY}'`);
    return async () => {
      await Promise.all(opened.map((each) => each.destroy()));
      const last = await tenants.open();
      await last.central.execute(`DROP ROLE ${user}`);
    };
  });
  afterEach(() => Promise.all(opened.splice(0).map((tenancy) => tenancy.destroy())));

  /** A pool of one connection, whose server asks for a password. */
  const openPool = async (options: { readonly raw?: boolean } = {}) => {
    // Over a socket nobody is asked.
    const url = new URL(sharedServer('postgres').tcpUrl);
    Object.assign(url, { username: user, password: CANARY });
    const tenancy = await tenants.open({ servers: { main: { url: url.href, maxConnections: 1 } } });
    opened.push(tenancy);
    return { tenancy, pool: pgPool(tenancy, { tenant: tenants.a, ...options }) };
  };

  describe('what is printed holds no password', () => {
    it('of a pool and of a tenancy, at rest and in use', async () => {
      const { tenancy, pool } = await openPool();
      const running = pool.query('SELECT pg_sleep(0.01)');
      expect(shown(pool)).not.toContain(CANARY);
      await running;
      for (const each of [pool, tenancy, tenancy.central, tenancy.session(tenants.a)]) {
        expect(shown(each)).not.toContain(CANARY);
      }
    });

    it.each([false, true])('of a client, raw: %s, and of its protocol', async (raw) => {
      const { pool } = await openPool({ raw });
      const client = await pool.connect();
      const running = client.query('SELECT pg_sleep(0.01)');
      expect(shown(client)).not.toContain(CANARY);
      expect(shown({ session: [client] })).not.toContain(CANARY);
      expect(shown(Reflect.get(client, 'connection'))).not.toContain(CANARY);
      expect(shown(Reflect.get(client, 'connectionParameters'))).not.toContain(CANARY);
      expect(Reflect.get(client, 'password') ?? '').not.toContain(CANARY);
      await running;
      client.release();
      expect(shown(client)).not.toContain(CANARY);
    });

    it('of queries, cursors, streams, results and errors', async () => {
      const { pool } = await openPool();
      const client = await pool.connect();
      const query = client.query(new pg.Query('SELECT 1'));
      const cursor = client.query(new PgCursor('SELECT 2'));
      const stream = client.query(new QueryStream('SELECT 3'));
      const rows: unknown[] = [];
      const told = [shown(query), shown(cursor), shown(stream)];
      rows.push(...(await cursor.read(2)), ...(await cursor.read(1)));
      for await (const row of stream) rows.push(row);
      expect(rows).toHaveLength(2);
      const result = await client.query('SELECT 4');
      const error: unknown = await client.query('SELEC').catch((failed: unknown) => failed);
      for (const each of [query, cursor, stream, result, error]) told.push(shown(each));
      client.release();
      const refused: unknown = await pool.query('SELECT $1::int', ['x']).catch((failed: unknown) => failed);
      for (const each of [query, cursor, stream, result, error, refused]) told.push(shown(each));
      expect(told.join('\n')).not.toContain(CANARY);
    });
  });

  describe('what is printed after its end', () => {
    it('tells nothing of whom the connection serves then', async () => {
      const { tenancy, pool } = await openPool();
      const client = await pool.connect();
      const cursor = client.query(new PgCursor('SELECT 1'));
      await cursor.read(2);
      await cursor.read(1);
      const query = client.query(new pg.Query('SELECT 2'));
      await new Promise((resolve) => query.once('end', resolve));
      client.release();
      const next = tenancy.session(tenants.a).query("SELECT 'of the next one', pg_sleep(0.05)");
      const again = pool.query("SELECT 'of the next one'");
      await new Promise((resolve) => setImmediate(resolve));
      const look = () => [client, cursor, query, pool].map(shown).join('\n');
      expect(look()).not.toContain('of the next one');
      await next;
      await again;
      expect(look()).not.toContain('of the next one');
      expect(tenancy.stats().servers.main?.totals.opened).toBe(1);
    });
  });
});
