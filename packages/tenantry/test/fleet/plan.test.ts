import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineUnderTest } from '../../../../test/helpers/engines.js';
import type { Catalog } from '../../src/catalog/catalog.js';
import type { Provisioning } from '../../src/engine/provisioning.js';
import { createTenant } from '../../src/fleet/operations/create.js';
import { planTenant } from '../../src/fleet/operations/plan.js';
import { makeTestCatalog, type TestCatalog } from '../catalog-sql/test-catalog.js';
import { creation, cutOffAt, withReplaced } from './support.js';

describe('a dry run of a creation', () => {
  let fixture: TestCatalog;
  let provisioning: Provisioning;
  beforeEach(async () => {
    fixture = await makeTestCatalog(engineUnderTest('sqlite'));
    await fixture.catalog.setup();
    provisioning = await fixture.server.provisioning();
  });
  afterEach(() => fixture.close());

  it.each(['databaseExists', 'createDatabase', 'changeIdentity', 'runScript'] as const)(
    'that was cut off at %s names the place where it will be finished',
    async (step) => {
      const { catalog } = fixture;
      const undoCreate = () => Promise.reject(new Error('killed'));
      const dead = withReplaced<Catalog>(catalog, { undoCreate });
      const cutOff = creation(fixture, 'acme', cutOffAt(provisioning, step));
      await expect(createTenant(dead, cutOff)).rejects.toThrow('killed');
      const repeated = creation(fixture, 'acme', {}, 'process-2');
      const planned = await planTenant(catalog, repeated);
      const finished = await createTenant(catalog, repeated);
      expect(finished.placement).toEqual(planned);
    },
  );

  it('that is under way, or was begun with something else, is refused as the creation is', async () => {
    const { catalog } = fixture;
    const metadata = { plan: 'other' };
    const attempts: string[] = [];
    const runScript: Provisioning['runScript'] = async () => {
      for (const act of [planTenant, createTenant]) {
        attempts.push(await outcome(act(catalog, creation(fixture, 'acme', {}, 'process-2'))));
      }
      throw new Error('killed');
    };
    const undoCreate = () => Promise.reject(new Error('killed'));
    const dead = withReplaced<Catalog>(catalog, { undoCreate });
    await expect(createTenant(dead, creation(fixture, 'acme', { runScript }))).rejects.toThrow('killed');
    for (const act of [planTenant, createTenant]) {
      attempts.push(await outcome(act(catalog, { ...creation(fixture, 'acme'), metadata })));
    }
    expect(attempts).toEqual([
      ...['TENANTRY_TENANT_BUSY', 'TENANTRY_TENANT_BUSY'],
      ...['TENANTRY_TENANT_STATUS', 'TENANTRY_TENANT_STATUS'],
    ]);
  });
});

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}
