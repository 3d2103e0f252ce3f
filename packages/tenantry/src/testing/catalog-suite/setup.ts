import { describe, expect, it } from 'vitest';
import { CatalogMissingError, CatalogUnavailableError } from '../../errors.js';
import { adopted, fresh, owner, type SuiteContext } from './suite-context.js';

/** Making the catalog, and telling a missing one from one out of reach. */
export function describeSetup(suite: SuiteContext): void {
  describe('a catalog that was never set up', () => {
    it('is missing, which is not the same as out of reach', async () => {
      await expect(suite.catalog.position()).rejects.toBeInstanceOf(CatalogMissingError);
      await expect(suite.catalog.routesByName(['TenantA'])).rejects.toBeInstanceOf(CatalogMissingError);
      await expect(suite.catalog.adopt(adopted('TenantA'))).rejects.toBeInstanceOf(CatalogMissingError);
      await expect(suite.catalog.findByName('TenantA')).rejects.toMatchObject({
        hint: expect.stringContaining('setup'),
      });
    });

    it('is set up by several processes at once', async () => {
      await Promise.all([suite.catalog.setup(), suite.another().setup(), suite.another().setup()]);
      expect((await suite.catalog.position()).revision).toBe(0);
    });

    it('stays as it is when it is set up again', async () => {
      await suite.catalog.setup();
      const tenant = await suite.catalog.adopt(adopted('TenantA'));
      const before = await suite.catalog.position();
      await suite.another().setup();
      expect(await suite.catalog.position()).toEqual(before);
      expect(await suite.catalog.findByName('TenantA')).toEqual(tenant);
    });
  });

  describe('a catalog whose server does not answer', () => {
    it('is out of reach, whatever it is asked', async () => {
      const unreachable = suite.unreachable();
      await expect(unreachable.setup()).rejects.toBeInstanceOf(CatalogUnavailableError);
      await expect(unreachable.position()).rejects.toBeInstanceOf(CatalogUnavailableError);
      await expect(unreachable.findByName('TenantA')).rejects.toBeInstanceOf(CatalogUnavailableError);
      await expect(unreachable.beginCreate(fresh('TenantA'), owner())).rejects.toBeInstanceOf(
        CatalogUnavailableError,
      );
    });
  });
}
