import { beforeEach, describe, expect, it } from 'vitest';
import { TenantBusyError, TenantStatusError, UnknownTenantError } from '../../errors.js';
import { adopted, defined, quiet, type SuiteContext } from './suite-context.js';

/** Status, epoch and the end of a name. */
export function describeStatuses(suite: SuiteContext): void {
  describe("a tenant's status", () => {
    beforeEach(async () => {
      await suite.catalog.setup();
      await suite.catalog.adopt(adopted('TenantA'));
    });

    it('grows the epoch only where sessions must end', async () => {
      const active = defined(await suite.catalog.findByName('TenantA'));
      const suspended = await suite.catalog.changeStatus('TenantA', 'suspended', { endSessions: true });
      expect(suspended).toMatchObject({ id: active.id, status: 'suspended', epoch: active.epoch + 1 });
      const resumed = await suite.catalog.changeStatus('TenantA', 'active', { endSessions: false });
      expect(resumed).toMatchObject({ status: 'active', epoch: suspended.epoch });
      expect(resumed.revision).toBeGreaterThan(suspended.revision);
    });

    it('is changed by nobody who knows an older fence', async () => {
      const { fence } = defined(await suite.catalog.findByName('TenantA'));
      const suspended = await suite.catalog.changeStatus('TenantA', 'suspended', {
        endSessions: true,
        fence,
      });
      expect(suspended.fence).toBe(fence + 1);
      await expect(
        suite.catalog.changeStatus('TenantA', 'active', { endSessions: false, fence }),
      ).rejects.toBeInstanceOf(TenantBusyError);
      expect(await suite.catalog.findByName('TenantA')).toEqual(suspended);
    });

    it('lets epoch and fence of a suspended tenant grow beyond any number, and of no other', async () => {
      await expect(suite.catalog.raise('TenantA', { epoch: 7, fence: 9 })).rejects.toBeInstanceOf(
        TenantStatusError,
      );
      const suspended = await suite.catalog.changeStatus('TenantA', 'suspended', { endSessions: true });
      expect(await suite.catalog.raise('TenantA', { epoch: 7, fence: 9 })).toMatchObject({
        epoch: 8,
        fence: 10,
      });
      expect(await suite.catalog.raise(suspended, { epoch: 1, fence: 1 })).toMatchObject({
        epoch: 9,
        fence: 11,
      });
    });

    it('changes only as the status machine allows, and only under the exact name', async () => {
      await expect(suite.catalog.changeStatus('TenantA', 'active', quiet)).rejects.toBeInstanceOf(
        TenantStatusError,
      );
      await expect(suite.catalog.changeStatus('TenantA', 'creating', quiet)).rejects.toBeInstanceOf(
        TenantStatusError,
      );
      await expect(suite.catalog.changeStatus('tenanta', 'suspended', quiet)).rejects.toBeInstanceOf(
        UnknownTenantError,
      );
      await expect(suite.catalog.changeStatus('Nobody', 'suspended', quiet)).rejects.toBeInstanceOf(
        UnknownTenantError,
      );
      expect((await suite.catalog.position()).revision).toBe(1);
    });

    it('is changed only where all that the tenant is called by is its own', async () => {
      const first = defined(await suite.catalog.findByName('TenantA'));
      await suite.catalog.changeStatus({ id: first.id }, 'deleted', { endSessions: true });
      const second = await suite.catalog.adopt(adopted('TenantA', 'Second'));
      for (const old of [
        { id: first.id },
        { name: 'TenantA', id: first.id },
        { name: 'Other', id: second.id },
      ])
        await expect(suite.catalog.changeStatus(old, 'suspended', quiet)).rejects.toBeInstanceOf(
          UnknownTenantError,
        );
      expect((await suite.catalog.findById(second.id))?.status).toBe('active');
      const named = { name: 'TenantA', id: second.id };
      expect((await suite.catalog.changeStatus(named, 'suspended', quiet)).id).toBe(second.id);
    });

    it('deleted frees the name, and the tenant is found by its id only', async () => {
      const deleted = await suite.catalog.changeStatus('TenantA', 'deleted', { endSessions: true });
      expect(await suite.catalog.findByName('TenantA')).toBeUndefined();
      expect(await suite.catalog.findById(deleted.id)).toEqual(deleted);
      expect((await suite.catalog.routesByName(['TenantA'])).routes).toEqual([]);
      expect(await suite.catalog.isEmpty()).toBe(true);
      await expect(suite.catalog.changeStatus('TenantA', 'active', quiet)).rejects.toBeInstanceOf(
        UnknownTenantError,
      );
      expect((await suite.catalog.adopt(adopted('tenanta', 'Other'))).name).toBe('tenanta');
    });
  });
}
