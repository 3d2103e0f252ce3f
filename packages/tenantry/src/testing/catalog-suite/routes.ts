import { beforeEach, describe, expect, it } from 'vitest';
import { adopted, onlyRoute, type SuiteContext } from './suite-context.js';

/** Names to routes, in one snapshot. */
export function describeRoutes(suite: SuiteContext): void {
  describe('looking up routes', () => {
    beforeEach(() => suite.catalog.setup());

    it('matches names exactly: case, trailing spaces, and what could never be a name', async () => {
      await suite.catalog.adopt(adopted('TenantA'));
      const strange = ['tenanta', 'TenantA ', 'TenantA\0', "'", 'ＴenantA', '', 'x'.repeat(10_000)];
      const nothing = await suite.catalog.routesByName(strange);
      expect(nothing.routes).toEqual([]);
      expect(nothing.revision).toBe(1);
      const found = await suite.catalog.routesByName([...strange, 'TenantA', 'Nobody', 'TenantA']);
      expect(onlyRoute(found.routes).name).toBe('TenantA');
      expect(await suite.catalog.findByName('tenanta')).toBeUndefined();
      expect(await suite.catalog.findByName('TenantA ')).toBeUndefined();
      expect(await suite.catalog.findById('nobody')).toBeUndefined();
    });

    it('says where the catalog stood, also when it found nothing', async () => {
      const empty = await suite.catalog.routesByName(['TenantA']);
      expect(empty).toEqual({ ...(await suite.catalog.position()), routes: [] });
      expect(await suite.catalog.routesByName([])).toEqual(empty);
      const tenant = await suite.catalog.adopt(adopted('TenantA'));
      const found = await suite.catalog.routesByName(['TenantA']);
      expect(found).toMatchObject({ incarnation: empty.incarnation, revision: tenant.revision });
      expect(onlyRoute(found.routes).revision).toBe(tenant.revision);
    });

    it('finds a tenant by its id as long as it lives, whatever its name is', async () => {
      const tenant = await suite.catalog.adopt(adopted('TenantA'));
      const strange = ['nobody', '', tenant.id.toUpperCase(), `${tenant.id} `, "'", 'x'.repeat(10_000)];
      const nothing = await suite.catalog.routesById(strange);
      expect(nothing).toEqual({ ...(await suite.catalog.position()), routes: [] });
      const found = await suite.catalog.routesById([...strange, tenant.id, tenant.id]);
      expect(found.routes).toEqual((await suite.catalog.routesByName(['TenantA'])).routes);
      await suite.catalog.changeStatus('TenantA', 'suspended', { endSessions: true });
      expect(onlyRoute((await suite.catalog.routesById([tenant.id])).routes).status).toBe('suspended');
      await suite.catalog.changeStatus('TenantA', 'deleted', { endSessions: true });
      expect((await suite.catalog.routesById([tenant.id])).routes).toEqual([]);
    });

    it('finds many names in one question', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `tenant-${index}`);
      for (const name of names) await suite.catalog.adopt(adopted(name));
      const { routes } = await suite.catalog.routesByName(names);
      expect(new Set(routes.map(({ name }) => name))).toEqual(new Set(names));
    });
  });
}
