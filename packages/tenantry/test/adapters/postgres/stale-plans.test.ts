import { createRequire } from 'node:module';
import pg from 'pg';
import type { Tenancy } from 'tenantry';
import { pgPool } from 'tenantry/postgres';
import { beforeEach, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { useTenants } from './tenants.js';

interface Cursor extends pg.Submittable {
  read(count: number): Promise<unknown[]>;
}
const require = createRequire(import.meta.url);
const PgCursor = require('pg-cursor') as new (text: string) => Cursor;

const ALL = { name: 'all notes', text: 'SELECT * FROM notes' };
const STALE = { code: '0A000', hint: expect.stringContaining('aborted') };

onEngine('postgres', (engine) => {
  const tenants = useTenants(engine);
  let tenancy: Tenancy;
  let pool: pg.Pool;
  let columns = 0;

  beforeEach(async () => {
    tenancy = await tenants.open({ maxConnections: 1 });
    pool = pgPool(tenancy, { tenant: tenants.a });
    await pool.query(ALL);
  });

  /** A migration of the tenant, by somebody else. */
  const migrate = async () => {
    const column = `added_${columns++}`;
    const other = await tenants.open();
    await other.session(tenants.a).execute(`ALTER TABLE notes ADD COLUMN ${column} INT DEFAULT 7`);
    return column;
  };
  const lent = async (use: (client: pg.PoolClient) => Promise<void>) => {
    const client = await pool.connect();
    await use(client);
    client.release();
  };
  const expectOneConnection = async () => {
    await pool.query('SELECT 1');
    expect(tenancy.stats().servers.main?.totals.opened).toBe(1);
  };

  describe('a statement with a name, after its table was changed', () => {
    it('is answered by a pool, as often as it is asked', async () => {
      for (let round = 0; round < 3; round++) {
        const column = await migrate();
        expect((await pool.query(ALL)).rows[0]).toMatchObject({ [column]: 7 });
        expect((await pool.query(ALL)).rows[0]).toMatchObject({ [column]: 7 });
      }
      await expectOneConnection();
    });

    it('is answered by a lent client in its turn, in whatever form it was asked', async () => {
      await lent(async (client) => {
        const column = await migrate();
        const order: string[] = [];
        const note = (name: string) => () => void order.push(name);
        await Promise.all([
          client.query('SELECT 1').then(note('before')),
          client.query(ALL).then(note('named')),
          client.query('SELECT 2').then(note('after')),
        ]);
        expect(order).toEqual(['before', 'named', 'after']);
        const another = await migrate();
        const called = new Promise<pg.QueryResult>((resolve, reject) => {
          client.query(ALL as unknown as string, [], (error, result) =>
            error ? reject(error) : resolve(result),
          );
        });
        expect((await called).rows[0]).toMatchObject({ [column]: 7, [another]: 7 });
        const last = await migrate();
        const query = client.query(new pg.Query(ALL as unknown as string));
        const rows: unknown[] = [];
        query.on('row', (row) => void rows.push(row));
        await new Promise((resolve, reject) => query.once('end', resolve).once('error', reject));
        expect(rows).toEqual([expect.objectContaining({ [last]: 7 })]);
      });
      await expectOneConnection();
    });

    it('throws away the plans of all statements, and a name may stand for another text then', async () => {
      await lent(async (client) => {
        const other = { name: 'some notes', text: 'SELECT * FROM notes WHERE id > $1' };
        await client.query(other, [0]);
        await migrate();
        await client.query(ALL);
        expect((await client.query({ ...other, text: 'SELECT $1::int AS n' }, [5])).rows).toEqual([{ n: 5 }]);
      });
      await expectOneConnection();
    });

    it('fails in a transaction, says that it is aborted, and works in the next one', async () => {
      await lent(async (client) => {
        const column = await migrate();
        await client.query('BEGIN');
        await expect(client.query(ALL)).rejects.toMatchObject(STALE);
        await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
        await client.query('ROLLBACK');
        await client.query('BEGIN');
        expect((await client.query(ALL)).rows[0]).toMatchObject({ [column]: 7 });
        await client.query('COMMIT');
      });
      await expectOneConnection();
    });

    it('changes nothing twice', async () => {
      const inserting = {
        name: 'insert',
        text: 'INSERT INTO notes (id, text) VALUES ($1, $2) RETURNING *',
      };
      await pool.query(inserting, [100 + columns, 'one']);
      const column = await migrate();
      const { rows } = await pool.query(inserting, [200 + columns, 'two']);
      expect(rows).toEqual([expect.objectContaining({ text: 'two', [column]: 7 })]);
      const count = await pool.query("SELECT count(*)::int AS n FROM notes WHERE text = 'two'");
      expect(count.rows).toEqual([{ n: 1 }]);
    });
  });

  describe('what has no name that a driver knows', () => {
    it('is not concerned: cursors and sessions', async () => {
      await lent(async (client) => {
        await client.query(new PgCursor(ALL.text)).read(1000);
        const column = await migrate();
        const [row] = await client.query(new PgCursor(ALL.text)).read(1000);
        expect(row).toMatchObject({ [column]: 7 });
      });
      const session = tenancy.session(tenants.a);
      await session.query('SELECT * FROM notes WHERE id > $1', [0]);
      const column = await migrate();
      expect((await session.query('SELECT * FROM notes WHERE id > $1', [0]))[0]).toMatchObject({
        [column]: 7,
      });
    });

    it('is told, and ends with the lease: what was prepared by SQL', async () => {
      await lent(async (client) => {
        await client.query(`PREPARE mine AS ${ALL.text}`);
        await client.query('EXECUTE mine');
        await migrate();
        await expect(client.query('EXECUTE mine')).rejects.toMatchObject({
          code: '0A000',
          hint: expect.stringContaining('DEALLOCATE'),
        });
      });
      await lent(async (client) => {
        await client.query(`PREPARE mine AS ${ALL.text}`);
        await client.query('EXECUTE mine');
      });
    });
  });
});
