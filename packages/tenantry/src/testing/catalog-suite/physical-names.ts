import { beforeEach, describe, expect, it } from 'vitest';
import { DatabaseExistsError } from '../../errors.js';
import {
  adopted,
  begin,
  fresh,
  onlyRoute,
  owner,
  quiet,
  SERVER,
  type SuiteContext,
} from './suite-context.js';

/** Physical names, which are remembered for ever. */
export function describePhysicalNames(suite: SuiteContext): void {
  describe('physical names', () => {
    beforeEach(() => suite.catalog.setup());

    it('are never used twice, not even after their tenant was deleted', async () => {
      const me = owner();
      await suite.catalog.finishCreate((await begin(suite.catalog, fresh('TenantA'), me)).claim);
      await suite.catalog.changeStatus('TenantA', 'deleted', quiet);
      const request = fresh('TenantA');
      const second = await begin(suite.catalog, request, me);
      expect(second.placement).toEqual(request.placements[1]);
      await suite.catalog.finishCreate(second.claim);
      await expect(suite.catalog.adopt(adopted('Other', 'TenantA'))).rejects.toBeInstanceOf(
        DatabaseExistsError,
      );
    });

    it('stay apart in any case, since some servers fold it', async () => {
      await suite.catalog.adopt(adopted('First', 'Acme'));
      const request = fresh('acme');
      expect((await begin(suite.catalog, request, owner())).placement).toEqual(request.placements[1]);
      await expect(suite.catalog.adopt(adopted('Third', 'ACME'))).rejects.toBeInstanceOf(DatabaseExistsError);
    });

    it('belong to one server each', async () => {
      await suite.catalog.adopt(adopted('First', 'Acme'));
      const other = await suite.catalog.adopt({ ...adopted('Second', 'Acme'), server: 'other' });
      expect(other.placement).toMatchObject({ server: 'other', database: 'Acme' });
    });

    it.each([
      { isolation: 'schema', sharedDatabase: 'app' },
      { isolation: 'row', sharedDatabase: 'app' },
      { isolation: 'row', sharedDatabase: 'app', rowKey: '42' },
    ] as const)('belong to a part of a database, where several tenants share it: %j', async (place) => {
      const me = owner();
      await suite.catalog.adopt(adopted('app2'));
      const request = fresh('Acme', place);
      const { claim } = await begin(suite.catalog, request, me);
      await suite.catalog.finishCreate(claim);
      const { placement } = onlyRoute((await suite.catalog.routesByName(['Acme'])).routes);
      expect(placement).toEqual(request.placements[0]);
      await suite.catalog.changeStatus('Acme', 'deleted', quiet);
      const again = suite.catalog.beginCreate(fresh('Acme', { rowKey: placement.rowKey, ...place }), me);
      if (place.isolation === 'row') await expect(again).rejects.toBeInstanceOf(DatabaseExistsError);
      else expect((await again).tenant.placement.schema).not.toBe(placement.schema);
    });

    it.each(['schema', 'row'] as const)(
      'of a whole and of its parts by %s are not both given',
      async (isolation) => {
        const part = (name: string, sharedDatabase: string) => fresh(name, { isolation, sharedDatabase });
        await suite.catalog.adopt(adopted('Whole', 'Mine'));
        for (const attempt of ['beginCreate', 'planCreate'] as const) {
          await expect(suite.catalog[attempt](part('Part', 'mine'), owner())).rejects.toThrow(
            'has had a tenant in database mine before',
          );
        }
        await suite.catalog.beginCreate(part('Acme', 'Shared'), owner());
        const other = suite.catalog.adopt(adopted('Other', 'shared'));
        await expect(other).rejects.toBeInstanceOf(DatabaseExistsError);
        await suite.catalog.adopt(adopted('Other', 'Share'));
      },
    );

    it('leave no trace of a registration that was refused', async () => {
      await suite.catalog.adopt(adopted('First', 'Acme'));
      const before = await suite.catalog.position();
      await expect(suite.catalog.adopt(adopted('Second', 'Acme'))).rejects.toBeInstanceOf(
        DatabaseExistsError,
      );
      expect(await suite.catalog.position()).toEqual(before);
      expect(await suite.catalog.findByName('Second')).toBeUndefined();
    });
  });

  describe('a tenant that is adopted', () => {
    beforeEach(() => suite.catalog.setup());

    it('is active at once, with the identity check that was chosen', async () => {
      const tenant = await suite.catalog.adopt({ ...adopted('TenantA', 'tenant a 💾'), identity: 'name' });
      expect(tenant).toMatchObject({ status: 'active', metadata: {} });
      expect(tenant.placement).toEqual({
        server: SERVER,
        database: 'tenant a 💾',
        isolation: 'database',
        identity: 'name',
      });
    });
  });
}
