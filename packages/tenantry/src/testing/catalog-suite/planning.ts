import { beforeEach, describe, expect, it } from 'vitest';
import type { Catalog } from '../../catalog/catalog.js';
import { adopted, begin, fresh, owner, type SuiteContext } from './suite-context.js';

/** What may be in the catalog before `TenantA` is planned. */
const histories: Readonly<Record<string, (catalog: Catalog) => Promise<unknown>>> = {
  nothing: async () => {},
  'the tenant': (catalog) => catalog.adopt(adopted('TenantA')),
  'a twin in another case': (catalog) => catalog.adopt(adopted('tenanta', 'Elsewhere')),
  'its database, as another tenant’s': (catalog) => catalog.adopt(adopted('Other', 'TenantA')),
  'a creation that is under way': (catalog) => begin(catalog, fresh('TenantA'), owner()),
  'a creation that was cut off': (catalog) => begin(catalog, fresh('TenantA'), gone()),
  'a creation that was cut off in its database': async (catalog) => {
    await catalog.beginDatabase((await begin(catalog, fresh('TenantA'), gone())).claim);
  },
  'a creation that was cut off in its database twice': async (catalog) => {
    for (const attempt of [1, 2]) {
      const { claim } = await begin(catalog, fresh('TenantA'), gone());
      expect(claim.fence).toBe(attempt);
      await catalog.beginDatabase(claim);
    }
  },
  'a creation of a twin that was cut off': (catalog) => begin(catalog, fresh('tenanta'), gone()),
  'a creation with other metadata that was cut off': (catalog) =>
    begin(catalog, { ...fresh('TenantA'), metadata: { plan: 'other' } }, gone()),
  'a creation on another server that was cut off': (catalog) =>
    begin(catalog, fresh('TenantA', { server: 'west' }), gone()),
  'a creation that was undone': async (catalog) => {
    const { claim } = await begin(catalog, fresh('TenantA'), owner());
    await catalog.beginDatabase(claim);
    await catalog.undoCreate(claim);
  },
};

/** What a dry run of a creation says: what the creation itself then does. */
export function describePlanning(suite: SuiteContext): void {
  describe('planning a tenant', () => {
    beforeEach(() => suite.catalog.setup());

    it.each(Object.keys(histories))(
      'foresees what is made of it after %s, and writes nothing',
      async (what) => {
        await histories[what]?.(suite.catalog);
        const tenant = fresh('TenantA');
        const before = await suite.catalog.position();
        const planned = await settled(suite.catalog.planCreate(tenant));
        expect(await settled(suite.catalog.planCreate(tenant))).toEqual(planned);
        expect(await suite.catalog.position()).toEqual(before);
        const begun = suite.catalog.beginCreate(tenant, owner()).then((made) => made.tenant);
        const { id, name, incarnation, placement, code, message } = await settled(begun);
        expect(planned).toEqual(
          code === undefined ? { id, name, incarnation, placement } : { code, message },
        );
      },
    );
  });
}

function gone() {
  return owner({ leaseMs: -1000 });
}

/** What came of it, or the error in its words. */
async function settled(work: Promise<object>): Promise<Record<string, unknown>> {
  try {
    return { ...(await work) };
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    return { code, message };
  }
}
