import { describe, expect, it } from 'vitest';
import {
  type Executor,
  LeaseEndedError,
  NoTenantError,
  QueryFailedError,
  SessionEndedError,
  StatementTimeoutError,
  TenantExistsError,
  TenantSuspendedError,
  TenantSwitchError,
  UnknownTenantError,
} from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy, placeholder } from './tenancies.js';

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  describe('a session', () => {
    it('reaches its own tenant and no other', async () => {
      const tenancy = await openTenancy(namespace());
      const [a, b] = [namespace().name('a'), namespace().name('b')];
      for (const name of [a, b]) {
        await tenancy.tenants.create({ name });
        await tenancy.session(name).execute(insertUser(1, `user of ${name}`));
      }
      const users = (name: string) => tenancy.session(name).query('SELECT username FROM users');
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => users(i % 2 ? a : b)));
      for (const [i, rows] of answers.entries())
        expect(rows).toEqual([{ username: `user of ${i % 2 ? a : b}` }]);
    });

    it('of an unknown tenant fails at its first use, and of a malformed name as well', async () => {
      const tenancy = await openTenancy(namespace());
      for (const name of ['nobody', '../x', 'a b', 'x'.repeat(1000)]) {
        await expect(tenancy.session(name).query('SELECT 1')).rejects.toThrow(UnknownTenantError);
        await expect(tenancy.session(name).ready()).rejects.toThrow(UnknownTenantError);
      }
    });

    it('without a name and without a context is refused', async () => {
      const tenancy = await openTenancy(namespace());
      expect(() => tenancy.session()).toThrow(NoTenantError);
      expect(() => tenancy.session('')).toThrow(NoTenantError);
    });

    it('ends when its tenant is suspended, and another session says why', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('suspended');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      await session.query('SELECT 1');
      await tenancy.tenants.suspend(name);
      await expect(session.query('SELECT 1')).rejects.toThrow(SessionEndedError);
      await expect(tenancy.session(name).query('SELECT 1')).rejects.toThrow(TenantSuspendedError);
      await tenancy.tenants.resume(name);
      await expect(session.query('SELECT 1')).rejects.toThrow(SessionEndedError);
      expect(await tenancy.session(name).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('ends in another process too, within the poll', async () => {
      const ours = await openTenancy(namespace(), { cache: { pollMs: 20 } });
      const theirs = await openTenancy(namespace());
      const name = namespace().name('elsewhere');
      await expect(ours.session(name).query('SELECT 1')).rejects.toThrow(UnknownTenantError);
      await theirs.tenants.create({ name });
      await expect
        .poll(() =>
          ours
            .session(name)
            .query('SELECT 1')
            .then(
              () => 'served',
              () => 'not yet',
            ),
        )
        .toBe('served');
      await theirs.tenants.suspend(name);
      await expect
        .poll(() =>
          ours
            .session(name)
            .query('SELECT 1')
            .catch((error: unknown) => error),
        )
        .toBeInstanceOf(TenantSuspendedError);
    });

    it('keeps emoji, quotes and line ends as they are', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('text');
      await tenancy.tenants.create({ name });
      const text = `🦊 "quoted" 'too' \\ back % ? $1 ; -- \n ok`;
      const session = tenancy.session(name);
      await session.execute(`INSERT INTO users (id, username) VALUES (1, ${placeholder(namespace())})`, [
        text,
      ]);
      expect(await session.query('SELECT username FROM users')).toEqual([{ username: text }]);
    });

    it('gives errors of the database with their kind and their cause', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('errors');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      const missing = await session.query('SELECT * FROM missing').catch((error: unknown) => error);
      expect(missing).toBeInstanceOf(QueryFailedError);
      expect(missing).toMatchObject({ kind: 'missing-table', code: 'TENANTRY_QUERY_FAILED' });
      await session.execute(insertUser(1, 'ada'));
      await expect(session.execute(insertUser(1, 'bob'))).rejects.toMatchObject({ kind: 'unique-violation' });
    });

    it('leaves no connection leased, however its statements end', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('released');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      const aborted = AbortSignal.abort();
      await Promise.allSettled([
        session.query('SELECT 1'),
        session.query('SELECT * FROM missing'),
        session.query('SELECT 1', [], { signal: aborted }),
        session.query('SELECT ?', [{} as never]),
        session.transaction(async () => {
          throw new Error('a handler that throws');
        }),
        session.transaction(async (tx) => tx.query('SELECT * FROM missing')),
      ]);
      await expect
        .poll(async () => (await tenancy.health()).servers.main?.pool)
        .toMatchObject({ inUse: 0, waiting: 0, closing: 0 });
    });
  });

  describe('a transaction', () => {
    it('commits what its function did, and rolls back when it throws', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('tx');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      const id = await session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'kept'));
        return 1;
      });
      expect(id).toBe(1);
      await expect(
        session.transaction(async (tx) => {
          await tx.execute(insertUser(2, 'dropped'));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await session.query('SELECT id FROM users')).toEqual([{ id: 1 }]);
    });

    it('takes no statement after its end', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('late');
      await tenancy.tenants.create({ name });
      const late = await tenancy.session(name).transaction(async (tx) => tx);
      await expect(late.query('SELECT 1')).rejects.toThrow(LeaseEndedError);
    });

    it('is not committed when a statement that nobody awaited failed', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('unawaited');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      const failing = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'half'));
        tx.execute('INSERT INTO missing VALUES (1)').catch(() => {});
      });
      await expect(failing).rejects.toMatchObject({ kind: 'missing-table' });
      expect(await session.query('SELECT id FROM users')).toEqual([]);
    });

    it('that takes too long is rolled back, and its handle refuses to go on', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('slow');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      await session.query('SELECT 1');
      let handle: Executor | undefined;
      const endless = session.transaction(
        async (tx) => {
          handle = tx;
          await tx.execute(insertUser(1, 'half'));
          await new Promise(() => {});
        },
        { timeoutMs: 500 },
      );
      await expect(endless).rejects.toThrow(StatementTimeoutError);
      await expect(handle?.execute(insertUser(2, 'never'))).rejects.toThrow(LeaseEndedError);
      expect(await session.query('SELECT id FROM users')).toEqual([]);
    });
  });

  describe('the context', () => {
    it('names the tenant of the running task, and of no other', async () => {
      const tenancy = await openTenancy(namespace());
      const names = [namespace().name('ctxa'), namespace().name('ctxb')];
      for (const name of names) await tenancy.tenants.create({ name });
      await Promise.all(
        names.map((name) =>
          tenancy.run(name, async () => {
            await tenancy.session().execute(insertUser(1, name));
            await Promise.resolve();
            expect(tenancy.session().tenant).toBe(name);
            expect(await tenancy.session().query('SELECT username FROM users')).toEqual([{ username: name }]);
          }),
        ),
      );
      expect(() => tenancy.session()).toThrow(NoTenantError);
    });

    it('changes its tenant only where that is said', async () => {
      const tenancy = await openTenancy(namespace());
      const [a, b] = [namespace().name('in'), namespace().name('other')];
      for (const name of [a, b]) await tenancy.tenants.create({ name });
      await tenancy.run(a, async () => {
        await expect(tenancy.run(b, () => 1)).rejects.toThrow(TenantSwitchError);
        expect(await tenancy.run(a, () => 1)).toBe(1);
        expect(await tenancy.run(b, () => tenancy.session().tenant, { switch: true })).toBe(b);
      });
    });

    it('runs a lazy thenable inside', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('lazy');
      await tenancy.tenants.create({ name });
      // biome-ignore lint/suspicious/noThenProperty: query builders are such objects, and that is the point
      const lazy = { then: (resolve: (tenant: string) => void) => resolve(tenancy.session().tenant) };
      expect(await tenancy.run(name, () => lazy as PromiseLike<string>)).toBe(name);
    });
  });

  describe('the life of a tenant', () => {
    it('knows names by their case, and keeps twins apart', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('Twin');
      await tenancy.tenants.create({ name });
      await expect(tenancy.tenants.create({ name: name.toUpperCase() })).rejects.toThrow(TenantExistsError);
      await expect(tenancy.session(name.toUpperCase()).query('SELECT 1')).rejects.toThrow(UnknownTenantError);
    });

    it('never gives a deleted tenant’s database to a tenant of the same name', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('again');
      const first = await tenancy.tenants.create({ name });
      await tenancy.session(name).execute(insertUser(1, 'of the first'));
      await tenancy.tenants.delete(name);
      await expect(tenancy.session(name).query('SELECT 1')).rejects.toThrow(UnknownTenantError);
      const second = await tenancy.tenants.create({ name });
      expect(second.id).not.toBe(first.id);
      expect(second.placement.database).not.toBe(first.placement.database);
      expect(await tenancy.session(name).query('SELECT id FROM users')).toEqual([]);
    });

    it('leaves nothing behind when its provisioning fails, and can be tried again', async () => {
      const name = namespace().name('broken');
      const broken = await openTenancy(namespace(), { provision: { script: 'CREATE TABLE users (;' } });
      await expect(broken.tenants.create({ name })).rejects.toMatchObject({
        code: 'TENANTRY_PROVISION_FAILED',
      });
      await expect(broken.tenants.get(name)).rejects.toThrow(UnknownTenantError);
      const mended = await openTenancy(namespace());
      const tenant = await mended.tenants.create({ name });
      expect(tenant.status).toBe('active');
      // What had been begun under its own name was dropped, and nothing is made under that name again.
      expect(tenant.placement.database).not.toBe(name);
      expect(await mended.session(name).query('SELECT id FROM users')).toEqual([]);
    });

    it('is made once, however many make it at the same time', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('race');
      const attempts = await Promise.allSettled(
        Array.from({ length: 4 }, () => tenancy.tenants.create({ name })),
      );
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await tenancy.session(name).query('SELECT id FROM users')).toEqual([]);
    });

    it('keeps metadata', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('meta');
      await tenancy.tenants.create({ name, metadata: { plan: 'gold', emoji: '🦊' } });
      expect((await tenancy.tenants.get(name)).metadata).toEqual({ plan: 'gold', emoji: '🦊' });
    });
  });

  describe('the numbers', () => {
    it('say who holds a connection, and that nobody does afterwards', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('numbers');
      const { id } = await tenancy.tenants.create({ name });
      await tenancy.session(name).transaction(async () => {
        expect(tenancy.stats().servers.main).toMatchObject({
          inUse: 1,
          tenants: [{ id, name, inUse: 1, idle: 0, waiting: 0 }],
          moreTenants: 0,
        });
      });
      const { directory, servers } = tenancy.stats();
      expect(servers.main).toMatchObject({
        inUse: 0,
        tenants: [{ id, name, inUse: 0, idle: 1 }],
        totals: { leases: 1, cancels: 0 },
      });
      expect(directory.revision).toBeGreaterThan(0);
    });
  });

  describe('the end', () => {
    it('drains, and refuses what comes after it', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('end');
      await tenancy.tenants.create({ name });
      const session = tenancy.session(name);
      const underWay = session.transaction(async (tx) => {
        await new Promise((go) => setTimeout(go, 50));
        return tx.query('SELECT 1 AS one');
      });
      await session.query('SELECT 1');
      await tenancy.close();
      expect(await underWay).toEqual([{ one: 1 }]);
      expect(() => tenancy.session(name)).toThrow(expect.objectContaining({ code: 'TENANTRY_CLOSED' }));
      await expect(session.query('SELECT 1')).rejects.toMatchObject({ code: 'TENANTRY_CLOSED' });
      await tenancy.close();
    });
  });
});
