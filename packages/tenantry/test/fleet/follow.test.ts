import { expect, it } from 'vitest';
import { engineUnderTest } from '../../../../test/helpers/engines.js';
import { CatalogUnavailableError } from '../../src/errors.js';
import { TenantAdmin } from '../../src/fleet/tenant-admin.js';
import { makeTestCatalog } from '../catalog-sql/test-catalog.js';

it('a change that went through is not told as failed where the catalog cannot be asked after it', async () => {
  const { catalog, server, database, close } = await makeTestCatalog(engineUnderTest('sqlite'));
  await catalog.setup();
  const provisioning = await server.provisioning();
  const admin = new TenantAdmin({
    catalog,
    catalogServer: server,
    catalogDatabase: database,
    serverNames: ['main'],
    findServer: (name) => ({ name, server, isolation: 'database', provisioning: async () => provisioning }),
    script: undefined,
    process: () => ({ id: 'process-1', label: 'process-1', revision: 0, leaseMs: 15_000 }),
    changed: () => Promise.reject(new CatalogUnavailableError('gone')),
  });
  expect(await admin.create({ name: 'acme' })).toMatchObject({ status: 'active' });
  expect(await admin.suspend('acme')).toMatchObject({ status: 'suspended' });
  expect(await admin.resume('acme')).toMatchObject({ status: 'active' });
  await close();
});
