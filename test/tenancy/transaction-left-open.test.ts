import { mariadbPool, mysqlPool } from 'tenantry/mysql';
import { pgPool } from 'tenantry/postgres';
import { prismaSqlite } from 'tenantry/sqlite';
import { describe, expect, it } from 'vitest';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy } from './tenancies.js';

const BEGINNINGS = { mysql: 'START TRANSACTION', postgres: 'BEGIN', sqlite: 'BEGIN IMMEDIATE' } as const;

const REFUSED = {
  code: 'TENANTRY_NOT_SUPPORTED',
  message: expect.stringContaining('began a transaction'),
  hint: expect.stringContaining('transaction(fn)'),
};

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  async function openTenant(suffix: string) {
    const tenancy = await openTenancy(namespace());
    const name = namespace().name(suffix);
    await tenancy.tenants.create({ name });
    const session = tenancy.session(name);
    const ids = async () =>
      (await session.query('SELECT id FROM users ORDER BY id')).map(({ id }) => Number(id));
    return { tenancy, session, ids };
  }

  describe('a statement of a session that begins a transaction, which nothing would ever end', () => {
    it.each(['query', 'execute'] as const)(
      'is told with the way to one, and rolled back: %s',
      async (call) => {
        const { tenancy, session, ids } = await openTenant(call);
        await expect(session[call](BEGINNINGS[engine.name])).rejects.toMatchObject(REFUSED);
        // Whoever goes on all the same is outside of one.
        await session.execute(insertUser(1, 'x'));
        await session.query('ROLLBACK').catch(() => {});
        expect(await ids()).toEqual([1]);
        expect(tenancy.stats().servers.main?.inUse).toBe(0);
      },
    );

    it('in the catalog’s own database as well', async () => {
      const { tenancy } = await openTenant('central');
      await expect(tenancy.central.execute(BEGINNINGS[engine.name])).rejects.toMatchObject(REFUSED);
    });

    it('is told by pools as well, whose drivers say that statements of a transaction need one client', async () => {
      const { tenancy, session, ids } = await openTenant('pools');
      const { name: tenant } = await session.ready();
      const begin = BEGINNINGS[engine.name];
      const doors: Record<string, () => Promise<unknown>> = {};
      if (engine.name === 'postgres') {
        const pool = pgPool(tenancy, { tenant });
        doors['pgPool.query'] = () => pool.query(begin);
        const watched = pgPool(tenancy, { tenant });
        watched.on('acquire', () => {});
        doors['pgPool.query on a client that is seen'] = () => watched.query(begin);
        doors['pgPool.query with a callback'] = () =>
          new Promise((resolve, reject) => {
            pool.query(begin, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result)));
          });
      } else if (engine.name === 'mysql') {
        const pool = mysqlPool(tenancy, { tenant });
        doors['mysqlPool.query'] = () => pool.promise().query(begin);
        doors['mysqlPool.execute'] = () => pool.promise().execute(begin);
        const watched = mysqlPool(tenancy, { tenant });
        watched.on('acquire', () => {});
        doors['mysqlPool.query on a connection that is seen'] = () => watched.promise().query(begin);
        doors['mariadbPool.query'] = () => mariadbPool(tenancy, { tenant }).query(begin);
      } else {
        const adapter = await prismaSqlite(tenancy, { tenant }).connect();
        doors['a script of prismaSqlite'] = () => adapter.executeScript(`${begin}; ${insertUser(5, 'x')}`);
        doors['a statement of prismaSqlite'] = () =>
          adapter.executeRaw({ sql: begin, args: [], argTypes: [] });
      }
      const told = new Map<string, unknown>();
      for (const [door, call] of Object.entries(doors)) {
        // The second finds a connection idle, which the first may have had to open.
        for (const round of ['first', 'second']) {
          await session.query('SELECT 1');
          told.set(`${door}, ${round}`, await call().catch((error: unknown) => error));
        }
      }
      for (const [door, error] of told) expect(error, door).toMatchObject(REFUSED);
      expect(await ids()).toEqual([]);
      await expect.poll(() => tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it('is a transaction’s own business inside of one', async () => {
      const { session, ids } = await openTenant('inside');
      await session.transaction(async (tx) => {
        await tx.execute('SAVEPOINT one');
        await tx.execute(insertUser(1, 'x'));
        await tx.execute('RELEASE SAVEPOINT one');
      });
      expect(await ids()).toEqual([1]);
    });
  });
});
