import { beforeEach, describe, expect, it } from 'vitest';
import { TenantBusyError, TenantExistsError, TenantStatusError } from '../../errors.js';
import {
  adopted,
  defined,
  fresh,
  onlyRoute,
  owner,
  quiet,
  SERVER,
  type SuiteContext,
} from './suite-context.js';

/** A tenant from its registration to its activation, and who may take it over. */
export function describeCreating(suite: SuiteContext): void {
  describe('creating a tenant', () => {
    beforeEach(() => suite.catalog.setup());

    it('registers it as creating and makes it active last', async () => {
      const me = owner();
      const request = fresh('TenantA');
      const begun = await suite.catalog.beginCreate(request, me);
      expect(begun).toMatchObject({
        id: request.id,
        name: 'TenantA',
        status: 'creating',
        schemaVersion: null,
      });
      expect(begun.placement).toEqual({
        server: SERVER,
        database: 'TenantA',
        isolation: 'database',
        identity: 'table',
      });
      const finished = await suite.catalog.finishCreate(begun.id, me.id);
      expect(finished).toMatchObject({ id: begun.id, status: 'active', epoch: begun.epoch });
      expect(finished.revision).toBeGreaterThan(begun.revision);
      expect(await suite.catalog.findByName('TenantA')).toEqual(finished);
      expect(await suite.catalog.findById(begun.id)).toEqual(finished);
    });

    it('gives numbers, dates and frozen routes', async () => {
      const before = Date.now();
      const { id } = await suite.catalog.adopt(adopted('TenantA'));
      const tenant = defined(await suite.catalog.findById(id));
      expect(typeof tenant.epoch).toBe('number');
      expect(typeof tenant.revision).toBe('number');
      // The database's clock, which a test's machine shares but for the rounding.
      expect(Math.abs(tenant.createdAt.getTime() - before)).toBeLessThan(60_000);
      const route = onlyRoute((await suite.catalog.routesByName(['TenantA'])).routes);
      expect(Object.isFrozen(route)).toBe(true);
      expect(Object.isFrozen(route.placement)).toBe(true);
      expect(Object.isFrozen(tenant)).toBe(true);
    });

    it('keeps metadata as it is, emoji included', async () => {
      const metadata = { plan: 'größer 🐘', nested: { list: [1, null, 'x'], quote: `'"\\` } };
      const begun = await suite.catalog.beginCreate({ ...fresh('TenantA'), metadata }, owner());
      expect(begun.metadata).toEqual(metadata);
      expect((await suite.catalog.findById(begun.id))?.metadata).toEqual(metadata);
    });

    it('refuses a name that exists, also in another case', async () => {
      await suite.catalog.adopt(adopted('TenantA'));
      await expect(suite.catalog.beginCreate(fresh('TenantA'), owner())).rejects.toBeInstanceOf(
        TenantExistsError,
      );
      await expect(suite.catalog.beginCreate(fresh('tenanta'), owner())).rejects.toBeInstanceOf(
        TenantExistsError,
      );
      await expect(suite.catalog.adopt(adopted('TENANTA', 'Elsewhere'))).rejects.toBeInstanceOf(
        TenantExistsError,
      );
    });

    it('lets one of many win who create the same name at once', async () => {
      const processes = Array.from({ length: 6 }, () => ({ catalog: suite.another(), owner: owner() }));
      const outcomes = await Promise.allSettled(
        processes.map((process) => process.catalog.beginCreate(fresh('TenantA'), process.owner)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(TenantBusyError);
      }
      expect((await suite.catalog.list({})).tenants).toHaveLength(1);
    });

    it('refuses while its owner is alive, the owner itself included', async () => {
      const me = owner();
      await suite.catalog.beginCreate(fresh('TenantA'), me);
      await expect(suite.another().beginCreate(fresh('TenantA'), owner())).rejects.toBeInstanceOf(
        TenantBusyError,
      );
      await expect(suite.catalog.beginCreate(fresh('TenantA'), me)).rejects.toBeInstanceOf(TenantBusyError);
    });

    it('is taken over from an owner whose lease has run out, which then has lost it', async () => {
      const gone = owner({ leaseMs: -1000 });
      const begun = await suite.catalog.beginCreate(
        { ...fresh('TenantA'), metadata: { plan: 'first' } },
        gone,
      );
      const heir = owner();
      const taken = await suite.another().beginCreate(fresh('TenantA'), heir);
      expect(taken).toMatchObject({
        id: begun.id,
        placement: begun.placement,
        metadata: { plan: 'first' },
      });
      // The first owner wakes up, renews its lease, and must still not be believed.
      await suite.catalog.heartbeat({ ...gone, leaseMs: 15_000 });
      await expect(suite.catalog.finishCreate(begun.id, gone.id)).rejects.toBeInstanceOf(TenantBusyError);
      await expect(suite.catalog.undoCreate(begun.id, gone.id)).rejects.toBeInstanceOf(TenantBusyError);
      await suite.catalog.releaseCreate(begun.id, gone.id);
      expect(await suite.catalog.finishCreate(begun.id, heir.id)).toMatchObject({ status: 'active' });
    });

    it('is taken over at once where the owner has released it or said goodbye', async () => {
      const first = owner();
      const { id } = await suite.catalog.beginCreate(fresh('TenantA'), first);
      await suite.catalog.releaseCreate(id, first.id);
      const second = owner();
      expect((await suite.catalog.beginCreate(fresh('TenantA'), second)).id).toBe(id);
      await suite.catalog.removeProcess(second.id);
      expect((await suite.catalog.beginCreate(fresh('TenantA'), owner())).id).toBe(id);
    });

    it('can be undone: the name and the physical name are free, and caches learn of it', async () => {
      const me = owner();
      const begun = await suite.catalog.beginCreate(fresh('TenantA'), me);
      await suite.catalog.undoCreate(begun.id, me.id);
      expect(await suite.catalog.findByName('TenantA')).toBeUndefined();
      const [change] = (await suite.catalog.changesAfter(begun.revision, 10)).routes;
      expect(change).toMatchObject({ id: begun.id, name: 'TenantA', status: 'deleted' });
      const again = await suite.catalog.beginCreate(fresh('TenantA'), me);
      expect(again.id).not.toBe(begun.id);
      expect(again.placement.database).toBe('TenantA');
    });

    it('cannot be finished, undone or suspended twice', async () => {
      const me = owner();
      const { id } = await suite.catalog.beginCreate(fresh('TenantA'), me);
      await expect(suite.catalog.changeStatus('TenantA', 'active', quiet)).rejects.toBeInstanceOf(
        TenantStatusError,
      );
      await expect(suite.catalog.changeStatus('TenantA', 'deleted', quiet)).rejects.toBeInstanceOf(
        TenantBusyError,
      );
      await suite.catalog.finishCreate(id, me.id);
      await expect(suite.catalog.finishCreate(id, me.id)).rejects.toBeInstanceOf(TenantBusyError);
      await expect(suite.catalog.undoCreate(id, me.id)).rejects.toBeInstanceOf(TenantBusyError);
    });
  });
}
