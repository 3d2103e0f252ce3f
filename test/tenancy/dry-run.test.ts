import { describe, expect, it } from 'vitest';
import { createTenancy, type Tenancy, type TenantRef } from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { catalogUrl, openTenancy } from './tenancies.js';

type Named = { readonly name: string; readonly id: string };

/** What can be done with a tenant, each tried first and then done. */
const acts: Readonly<Record<string, (tenancy: Tenancy, tenant: Named, dryRun: boolean) => Promise<unknown>>> =
  {
    create: ({ tenants }, { name }, dryRun) => (dryRun ? tenants.plan({ name }) : tenants.create({ name })),
    adopt: ({ tenants }, { name }, dryRun) => tenants.adopt({ name, dryRun }),
    suspend: ({ tenants }, { name }, dryRun) => tenants.suspend(name, { dryRun }),
    resume: ({ tenants }, { name }, dryRun) => tenants.resume(name, { dryRun }),
    'take over': ({ tenants }, tenant, dryRun) => tenants.takeOver(tenant, { dryRun }),
    delete: ({ tenants }, tenant, dryRun) => tenants.delete(tenant, { dryRun }),
  };

/** How a tenant comes to a status. */
const statuses: Readonly<Record<string, (tenancy: Tenancy, tenant: Named) => Promise<unknown>>> = {
  active: async () => {},
  suspended: ({ tenants }, { name }) => tenants.suspend(name),
  deleted: ({ tenants }, { name }) => tenants.delete(name),
  'in the making': ({ central }, { id }) =>
    central.execute(
      `UPDATE tenantry_tenants SET status = 'creating', owner = (SELECT MAX(id) FROM tenantry_processes) WHERE id = '${id}'`,
    ),
  'cut off in the making': ({ central }, { id }) =>
    central.execute(`UPDATE tenantry_tenants SET status = 'creating', owner = NULL WHERE id = '${id}'`),
  'of a newer version': ({ central }, { id }) =>
    central.execute(`UPDATE tenantry_tenants SET status = 'moving' WHERE id = '${id}'`),
};

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  describe('a dry run', () => {
    it.each(Object.keys(statuses))('says of a tenant that is %s what the act itself says', async (status) => {
      const tenancy = await openTenancy(namespace());
      const preview = await openTenancy(namespace(), { setup: false, preview: true });
      // Now it is there as a process.
      await tenancy.tenants.create({ name: namespace().name(`first_${status.replaceAll(' ', '_')}`) });
      for (const [verb, act] of Object.entries(acts)) {
        const name = namespace().name(`${verb}_${status}`.replaceAll(' ', '_'));
        const { id } = await tenancy.tenants.create({ name });
        await statuses[status]?.(tenancy, { name, id });
        const before = await shown(tenancy, name);
        const tried = await outcome(act(preview, { name, id }, true));
        expect(await outcome(act(tenancy, { name, id }, true))).toEqual(tried);
        expect(await shown(tenancy, name)).toEqual(before);
        expect({ [verb]: tried }).toEqual({ [verb]: await outcome(act(tenancy, { name, id }, false)) });
      }
    });

    it('says of a catalog that is missing what the act says, unless the act would set it up', async () => {
      const tenant: Named = { name: 'acme', id: '01890000-0000-7000-8000-000000000000' };
      const url = catalogUrl({ ...namespace(), name: (suffix) => namespace().name(`nowhere_${suffix}`) });
      const options = { catalog: url, servers: { main: namespace().url }, preview: true };
      await expect(createTenancy(options)).rejects.toMatchObject({ code: 'TENANTRY_CATALOG_MISSING' });
      const preview = await openTenancy(namespace(), { ...options, setup: true });
      expect(await outcome(preview.tenants.plan({ name: namespace().name('acme') }))).toBe('ok');
      expect(await outcome(preview.tenants.suspend(tenant, { dryRun: true }))).toMatch(
        /_MISSING|_UNKNOWN_TENANT/,
      );
      await expect(createTenancy(options)).rejects.toMatchObject({ code: 'TENANTRY_CATALOG_MISSING' });
    });
  });
});

/** What the catalog says of whoever has this name. */
function shown({ central }: Tenancy, name: TenantRef): Promise<readonly unknown[]> {
  return central.query(`SELECT * FROM tenantry_tenants WHERE name = '${String(name)}'`);
}

/** `ok`, or the code of its error and what it says. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return `${code}: ${message}`;
  }
}
