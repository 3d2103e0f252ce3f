import { describe, expect, it } from 'vitest';
import { mariadbPool, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import { sqliteDatabase } from '../../packages/tenantry/src/adapters/sqlite/index.js';
import {
  AbortedError,
  ClosedError,
  InvalidOptionError,
  NoTenantError,
  SessionEndedError,
  type Tenancy,
  type TenancyOptions,
  type TenantRef,
  TenantSuspendedError,
  TenantSwitchError,
  UnknownTenantError,
} from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy } from './tenancies.js';

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  /** A name that was another tenant's before. */
  async function takenAgain(suffix: string, options: Partial<TenancyOptions> = {}) {
    const tenancy = await openTenancy(namespace(), options);
    const name = namespace().name(suffix);
    const before = await tenancy.tenants.create({ name });
    await tenancy.session(name).execute(insertUser(1, 'before'));
    await tenancy.tenants.delete(name);
    const now = await tenancy.tenants.create({ name });
    await tenancy.session(name).execute(insertUser(1, 'now'));
    return { tenancy, name, before, now, opened: () => tenancy.stats().servers.main?.totals.opened };
  }
  const SELECT = 'SELECT username FROM users';
  const POOLS = {
    postgres: (tenancy: Tenancy, tenant: TenantRef) => {
      const pool = pgPool(tenancy, { tenant });
      return async () => (await pool.query(SELECT)).rows as unknown;
    },
    mysql: (tenancy: Tenancy, tenant: TenantRef) => {
      const one = mysqlPool(tenancy, { tenant }).promise();
      const other = mariadbPool(tenancy, { tenant });
      return async () => {
        const [[rows], others] = await Promise.all([one.query(SELECT), other.query(SELECT)]);
        expect([...(others as unknown[])]).toEqual(rows);
        return rows as unknown;
      };
    },
    sqlite: (tenancy: Tenancy, tenant: TenantRef) => {
      const database = sqliteDatabase(tenancy, { tenant });
      return async () => {
        await tenancy.session(tenant).ready();
        return database.prepare(SELECT).all();
      };
    },
  };
  const poolOf = (tenancy: Tenancy, tenant: TenantRef) => POOLS[engine.name](tenancy, tenant);

  describe('a token or a job with the id of a tenant that was deleted', () => {
    it('reaches nobody, though its name was taken again', async () => {
      const { tenancy, name, before, now, opened } = await takenAgain('again');
      const openedBefore = opened();
      for (const old of [{ name, id: before.id }, { id: before.id }, { name: 'other', id: now.id }]) {
        let ran = false;
        const calls: (() => Promise<unknown>)[] = [
          () => tenancy.session(old).query(SELECT),
          () => tenancy.session(old).ready(),
          () => tenancy.clients(old).acquire(),
          () => tenancy.run(old, () => (ran = true)),
          () => tenancy.tenants.get(old),
          () => tenancy.tenants.suspend(old),
          () => tenancy.tenants.resume(old),
          () => tenancy.tenants.delete(old),
        ];
        for (const call of calls) await expect(call(), String(call)).rejects.toThrow(UnknownTenantError);
        expect(ran).toBe(false);
        expect(await tenancy.warmUp([old])).toMatchObject({
          routes: 0,
          failed: [{ code: 'TENANTRY_UNKNOWN_TENANT' }],
        });
      }
      expect(opened()).toBe(openedBefore);
      expect((await tenancy.tenants.get(name)).status).toBe('active');
    });

    it('reaches nobody through a pool of the driver’s kind either', async () => {
      const { tenancy, name, before, now } = await takenAgain('pool');
      const names = poolOf(tenancy, { name, id: now.id });
      expect(await names()).toEqual([{ username: 'now' }]);
      for (const old of [{ name, id: before.id }, { id: before.id }]) {
        const query = poolOf(tenancy, old);
        await expect(query()).rejects.toMatchObject({ code: expect.stringMatching(/UNKNOWN|ROUTE/) });
      }
      for (const wrong of [undefined, {}, { name, id: undefined }])
        expect(() => poolOf(tenancy, wrong as never)).toThrow(InvalidOptionError);
    });
  });

  describe('a tenant', () => {
    it('is named by its name, its id, both, or itself', async () => {
      const { tenancy, name, now } = await takenAgain('named');
      for (const ref of [name, { name }, { id: now.id }, { name, id: now.id }, now]) {
        expect(await tenancy.session(ref).query(SELECT)).toEqual([{ username: 'now' }]);
        expect(await tenancy.run(ref, () => tenancy.session().query(SELECT))).toEqual([{ username: 'now' }]);
        const lease = await tenancy.clients(ref).acquire();
        lease.release();
        expect((await tenancy.tenants.get(ref)).id).toBe(now.id);
        expect(await tenancy.warmUp([ref])).toMatchObject({ routes: 1, failed: [] });
      }
    });

    it('is found by its id by a process that has not heard of it', async () => {
      const { name, now } = await takenAgain('cold');
      const other = await openTenancy(namespace());
      expect(await other.session({ id: now.id }).query(SELECT)).toEqual([{ username: 'now' }]);
      const another = await openTenancy(namespace());
      expect(await another.run({ id: now.id }, () => another.current())).toEqual({
        id: now.id,
        name,
        epoch: now.epoch,
      });
    });

    it('is changed by its id', async () => {
      const { tenancy, now } = await takenAgain('changed');
      expect((await tenancy.tenants.suspend({ id: now.id })).status).toBe('suspended');
      expect((await tenancy.tenants.resume({ id: now.id })).status).toBe('active');
      expect((await tenancy.tenants.delete({ id: now.id })).status).toBe('deleted');
      await expect(tenancy.tenants.get({ id: now.id })).rejects.toThrow(UnknownTenantError);
    });
  });

  describe('a run', () => {
    it('says whose it is, as long as it lasts', async () => {
      const { tenancy, name, now } = await takenAgain('current');
      expect(tenancy.current()).toBeUndefined();
      const whose = { id: now.id, name, epoch: now.epoch };
      expect(await tenancy.run(name, async () => tenancy.current())).toEqual(whose);
      const bound = await tenancy.run(name, () => tenancy.bind(() => tenancy.current()));
      expect(bound()).toEqual(whose);
    });

    it('does not begin for a tenant that is unknown or suspended', async () => {
      const { tenancy, name } = await takenAgain('refused');
      const began: string[] = [];
      await tenancy.tenants.suspend(name);
      await expect(tenancy.run(name, () => began.push(name))).rejects.toThrow(TenantSuspendedError);
      await expect(tenancy.run('nobody', () => began.push('nobody'))).rejects.toThrow(UnknownTenantError);
      await expect(tenancy.run('../x', () => began.push('../x'))).rejects.toThrow(UnknownTenantError);
      expect(began).toEqual([]);
    });

    it('begins at once where the route is in memory', async () => {
      // A process that stalls for longer than the poll asks first.
      const { tenancy, name } = await takenAgain('once', { cache: { pollMs: 60_000 } });
      let began = false;
      await tenancy.session(name).ready();
      const running = tenancy.run(name, () => (began = true));
      expect(began).toBe(true);
      await running;
    });

    it('is one tenant’s from its begin to its end, whoever has the name meanwhile', async () => {
      const { tenancy, name } = await takenAgain('ends');
      await tenancy.run(name, async () => {
        expect(await tenancy.session().query(SELECT)).toEqual([{ username: 'now' }]);
        await tenancy.tenants.delete(name);
        const next = await tenancy.tenants.create({ name });
        const failure = await tenancy
          .session()
          .query(SELECT)
          .catch((error: unknown) => error);
        expect(failure).toSatisfy((e) => e instanceof SessionEndedError || e instanceof UnknownTenantError);
        await expect(tenancy.run({ name, id: next.id }, () => 1)).rejects.toThrow(TenantSwitchError);
        expect(await tenancy.session(name).query(SELECT)).toEqual([]);
      });
    });

    it('ends with its tenant’s epoch', async () => {
      const { tenancy, name } = await takenAgain('epoch');
      await tenancy.run(name, async () => {
        await tenancy.tenants.suspend(name);
        await tenancy.tenants.resume(name);
        await expect(tenancy.session().query(SELECT)).rejects.toThrow(SessionEndedError);
        await expect(tenancy.clients().acquire()).rejects.toThrow(SessionEndedError);
      });
      expect(await tenancy.run(name, () => tenancy.session().query(SELECT))).toEqual([{ username: 'now' }]);
    });

    it('does not begin where it was aborted, or the tenancy is closed', async () => {
      const { tenancy, name } = await takenAgain('aborted');
      const signal = AbortSignal.abort();
      await expect(tenancy.run(name, () => 1, { signal })).rejects.toThrow(AbortedError);
      await tenancy.close();
      await expect(tenancy.run(name, () => 1)).rejects.toThrow(ClosedError);
    });
  });

  describe('what names no tenant', () => {
    it('is refused at every door, and never means the one in context', async () => {
      const { tenancy, name, now } = await takenAgain('wrong');
      const wrong = [
        null,
        '',
        5,
        {},
        { name: undefined },
        { name, id: undefined },
        { id: now.id, nmae: 'x' },
      ];
      const inContext = (tenancy: Tenancy, ref: never): (() => unknown)[] => [
        async () => tenancy.session(ref),
        async () => tenancy.clients(ref),
        () => tenancy.run(ref, () => 1),
        () => tenancy.warmUp([ref]),
        () => tenancy.tenants.get(ref),
        () => tenancy.tenants.suspend(ref),
        () => tenancy.tenants.resume(ref),
        () => tenancy.tenants.delete(ref),
      ];
      await tenancy.run(name, async () => {
        for (const ref of wrong)
          for (const call of inContext(tenancy, ref as never))
            await expect(call(), `${JSON.stringify(ref)} ${call}`).rejects.toThrow(NoTenantError);
      });
    });
  });
});
