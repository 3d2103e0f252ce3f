import { beforeEach, describe, expect, it } from 'vitest';
import { TenantBusyError, TenantExistsError, TenantStatusError } from '../../errors.js';
import {
  adopted,
  begin,
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
      const begun = await begin(suite.catalog, request, me);
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
      const finished = await suite.catalog.finishCreate(begun.claim);
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
      const metadata = {
        plan: 'größer 🐘',
        nested: { list: [1, null, 'x', Number.MAX_SAFE_INTEGER, 1.5e-7], quote: `'"\\` },
      };
      const begun = await begin(suite.catalog, { ...fresh('TenantA'), metadata }, owner());
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
      const metadata = { plan: 'first' };
      const begun = await begin(suite.catalog, { ...fresh('TenantA'), metadata }, gone);
      const heir = owner();
      const taken = await begin(suite.another(), { ...fresh('TenantA'), metadata }, heir);
      expect(taken).toMatchObject({ id: begun.id, metadata, fence: begun.fence + 1 });
      // The first owner wakes up, renews its lease, and must still not be believed.
      await suite.catalog.heartbeat({ ...gone, leaseMs: 15_000 });
      await expect(suite.catalog.beginDatabase(begun.claim)).rejects.toBeInstanceOf(TenantBusyError);
      await expect(suite.catalog.finishCreate(begun.claim)).rejects.toBeInstanceOf(TenantBusyError);
      await expect(suite.catalog.undoCreate(begun.claim)).rejects.toBeInstanceOf(TenantBusyError);
      await suite.catalog.releaseCreate(begun.claim);
      expect(await suite.catalog.finishCreate(taken.claim)).toMatchObject({ status: 'active' });
    });

    it('is in the hands of one call, another one of the same process is a stranger to it', async () => {
      const me = owner();
      const first = await begin(suite.catalog, fresh('TenantA'), me);
      await suite.catalog.releaseCreate(first.claim);
      const second = await begin(suite.catalog, fresh('TenantA'), me);
      await expect(suite.catalog.undoCreate(first.claim)).rejects.toBeInstanceOf(TenantBusyError);
      await suite.catalog.releaseCreate(first.claim);
      expect(await suite.catalog.finishCreate(second.claim)).toMatchObject({ status: 'active' });
    });

    it('is taken over at once where the owner has released it or said goodbye', async () => {
      const first = await begin(suite.catalog, fresh('TenantA'), owner());
      await suite.catalog.releaseCreate(first.claim);
      const second = owner();
      expect((await begin(suite.catalog, fresh('TenantA'), second)).id).toBe(first.id);
      await suite.catalog.removeProcess(second.id);
      expect((await begin(suite.catalog, fresh('TenantA'), owner())).id).toBe(first.id);
    });

    it('goes on under the same physical name where no database was begun, else under another', async () => {
      const gone = () => owner({ leaseMs: -1000 });
      const first = await begin(suite.catalog, fresh('TenantA'), gone());
      const second = await begin(suite.catalog, fresh('TenantA'), gone());
      expect(second).toMatchObject({ placement: first.placement, leftOver: undefined });
      await suite.catalog.beginDatabase(second.claim);
      expect(await suite.catalog.isDoomed(second.placement)).toBe(false);
      const third = await begin(suite.catalog, fresh('TenantA'), gone());
      expect(third.leftOver).toEqual(second.placement);
      expect(await suite.catalog.isDoomed(second.placement)).toBe(true);
      await suite.catalog.beginDatabase(third.claim);
      const fourth = await begin(suite.catalog, fresh('TenantA'), owner());
      const names = [second, third, fourth].map(({ placement }) => placement.database);
      expect(new Set(names).size).toBe(3);
      expect(await suite.catalog.finishCreate(fourth.claim)).toMatchObject({ placement: fourth.placement });
    });

    it.each([undefined, '42'])('goes on with the same rows, whatever was begun: %s', async (rowKey) => {
      const tenant = fresh('TenantA', { isolation: 'row', sharedDatabase: 'app', rowKey });
      const first = await begin(suite.catalog, tenant, owner({ leaseMs: -1000 }));
      // What a migration from version 1 says of every creation under way.
      await suite.catalog.beginDatabase(first.claim);
      const second = await begin(suite.catalog, tenant, owner());
      expect(second).toMatchObject({ placement: first.placement, leftOver: undefined });
      expect(await suite.catalog.isDoomed(second.placement)).toBe(false);
      expect(await suite.catalog.finishCreate(second.claim)).toMatchObject({ status: 'active' });
    });

    it.each([
      ['another server', { server: 'west' }],
      ['other metadata', { metadata: { plan: 'second' } }],
      [
        'another isolation',
        { placements: fresh('TenantA', { isolation: 'schema', sharedDatabase: 'app' }).placements },
      ],
      [
        'another row key',
        {
          placements: fresh('TenantA', { isolation: 'row', sharedDatabase: 'app', rowKey: '42' }).placements,
        },
      ],
    ])('is not finished by one that says %s', async (what, other) => {
      const first =
        what === 'another row key'
          ? fresh('TenantA', { isolation: 'row', sharedDatabase: 'app' })
          : fresh('TenantA');
      const begun = await begin(suite.catalog, first, owner({ leaseMs: -1000 }));
      await expect(
        suite.catalog.beginCreate({ ...fresh('TenantA'), ...other }, owner()),
      ).rejects.toMatchObject({
        code: 'TENANTRY_TENANT_STATUS',
        message: expect.stringContaining('was begun'),
      });
      expect(await suite.catalog.findByName('TenantA')).toEqual(begun.tenant);
    });

    it('can be undone: caches learn of it, and the name is free', async () => {
      const me = owner();
      const begun = await begin(suite.catalog, fresh('TenantA'), me);
      await suite.catalog.undoCreate(begun.claim);
      expect(await suite.catalog.findByName('TenantA')).toBeUndefined();
      const [change] = (await suite.catalog.changesAfter(begun.revision, 10)).routes;
      expect(change).toMatchObject({ id: begun.id, name: 'TenantA', status: 'deleted' });
      const again = await begin(suite.catalog, fresh('TenantA'), me);
      expect(again.id).not.toBe(begun.id);
      // Nothing had been begun under it.
      expect(again.placement.database).toBe('TenantA');
    });

    it('that was undone after its database was begun leaves a physical name that nobody gets again', async () => {
      const me = owner();
      const begun = await begin(suite.catalog, fresh('TenantA'), me);
      await suite.catalog.beginDatabase(begun.claim);
      await suite.catalog.undoCreate(begun.claim);
      expect(await suite.catalog.isDoomed(begun.placement)).toBe(true);
      const again = await begin(suite.catalog, fresh('TenantA'), me);
      expect(again.placement.database).not.toBe('TenantA');
      await expect(suite.catalog.adopt(adopted('Other', 'TenantA'))).rejects.toMatchObject({
        code: 'TENANTRY_DATABASE_EXISTS',
      });
    });

    it('that was given up by a deletion is undone', async () => {
      const begun = await begin(suite.catalog, fresh('TenantA'), owner({ leaseMs: -1000 }));
      await suite.catalog.beginDatabase(begun.claim);
      await suite.catalog.changeStatus('TenantA', 'deleted', quiet);
      expect(await suite.catalog.isDoomed(begun.placement)).toBe(true);
      await expect(suite.catalog.finishCreate(begun.claim)).rejects.toBeInstanceOf(TenantBusyError);
    });

    it('that was undone is no deleted tenant', async () => {
      for (const isBegun of [true, false]) {
        const { claim } = await begin(suite.catalog, fresh('TenantA'), owner());
        if (isBegun) await suite.catalog.beginDatabase(claim);
        await suite.catalog.undoCreate(claim);
      }
      expect((await suite.catalog.list({ status: 'deleted' })).tenants).toEqual([]);
    });

    it('cannot be finished, undone or suspended twice', async () => {
      const { claim } = await begin(suite.catalog, fresh('TenantA'), owner());
      await expect(suite.catalog.changeStatus('TenantA', 'active', quiet)).rejects.toBeInstanceOf(
        TenantStatusError,
      );
      await expect(suite.catalog.changeStatus('TenantA', 'deleted', quiet)).rejects.toBeInstanceOf(
        TenantBusyError,
      );
      await suite.catalog.finishCreate(claim);
      await expect(suite.catalog.finishCreate(claim)).rejects.toBeInstanceOf(TenantBusyError);
      await expect(suite.catalog.undoCreate(claim)).rejects.toBeInstanceOf(TenantBusyError);
    });
  });
}
