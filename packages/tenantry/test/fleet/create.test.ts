import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineUnderTest } from '../../../../test/helpers/engines.js';
import { type Catalog, identityOf } from '../../src/catalog/catalog.js';
import type { Provisioning } from '../../src/engine/provisioning.js';
import { TransactionOutcomeUnknownError } from '../../src/errors.js';
import { adoptTenant } from '../../src/fleet/operations/adopt.js';
import { resumeTenant, stopTenant } from '../../src/fleet/operations/change-status.js';
import { type CreateInput, createTenant } from '../../src/fleet/operations/create.js';
import type { Identity } from '../../src/tenant/tenant.js';
import { makeTestCatalog, type TestCatalog } from '../catalog-sql/test-catalog.js';
import { creation, cutOffAt, withReplaced } from './support.js';

const STEPS = ['databaseExists', 'createDatabase', 'changeIdentity', 'runScript'] as const;

let fixture: TestCatalog;
let provisioning: Provisioning;

beforeEach(async () => {
  fixture = await makeTestCatalog(engineUnderTest('sqlite'));
  await fixture.catalog.setup();
  provisioning = await fixture.server.provisioning();
});
afterEach(() => {
  vi.restoreAllMocks();
  return fixture.close();
});

function input(name: string, tampered: Partial<Provisioning> = {}, owner = 'process-1'): CreateInput {
  return creation(fixture, name, tampered, owner);
}

describe('a creation', () => {
  it.each(STEPS)(
    'that fails at %s leaves neither a tenant nor a database, and can be repeated',
    async (step) => {
      const broken = { [step]: () => Promise.reject(new Error('broken')) };
      await expect(createTenant(fixture.catalog, input('acme', broken))).rejects.toThrow('broken');
      expect(await fixture.catalog.findByName('acme')).toBeUndefined();
      expect(await provisioning.databaseExists('acme')).toBe(false);
      const tenant = await createTenant(fixture.catalog, input('acme'));
      expect(tenant.status).toBe('active');
      // A physical name under which something was begun is never used again.
      expect(tenant.placement.database === 'acme').toBe(step === 'databaseExists');
      expect((await fixture.catalog.list({ status: 'deleted' })).tenants).toEqual([]);
    },
  );

  it('whose activation went through although its answer was lost keeps its database', async () => {
    const { catalog } = fixture;
    const unlucky = withReplaced<Catalog>(fixture.catalog, {
      finishCreate: async (claim) => {
        await catalog.finishCreate(claim);
        throw new TransactionOutcomeUnknownError('COMMIT was sent and its answer never came.');
      },
    });
    await expect(createTenant(unlucky, input('acme'))).rejects.toThrow(TransactionOutcomeUnknownError);
    expect(await catalog.findByName('acme')).toMatchObject({ status: 'active' });
    expect(await provisioning.readIdentity('acme')).toMatchObject({ state: 'active' });
  });

  it.each(STEPS)('that was cut off at %s is finished by whoever repeats it', async (step) => {
    const { catalog } = fixture;
    const dying = cutOffAt(provisioning, step);
    // Nobody undoes anything.
    const undoCreate = () => Promise.reject(new Error('killed'));
    const dead = withReplaced<Catalog>(fixture.catalog, { undoCreate });
    await expect(createTenant(dead, input('acme', dying))).rejects.toThrow('killed');
    const { id } = (await catalog.findByName('acme')) ?? {};
    const finished = await createTenant(catalog, input('acme', {}, 'process-2'));
    expect(finished).toMatchObject({ id, status: 'active' });
    const { database } = finished.placement;
    expect(await provisioning.readIdentity(database)).toEqual(identityOf(finished));
    expect(await provisioning.isEmpty(database)).toBe(false);
    // What was begun is gone, and the catalog of the test lives in the same folder.
    expect(await provisioning.listDatabases()).toEqual([fixture.database, database].sort());
  });

  it.each(['repeated', 'deleted'])(
    'that only a copied or restored catalog takes for begun is not dropped when it is %s there',
    async (what) => {
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      const { catalog } = fixture;
      const dead = withReplaced<Catalog>(catalog, { undoCreate: () => Promise.reject(new Error('killed')) });
      await expect(createTenant(dead, input('acme', cutOffAt(provisioning, 'runScript')))).rejects.toThrow();
      // What the original did since.
      const said = await provisioning.readIdentity('acme');
      await provisioning.changeIdentity('acme', said, { ...(said as Identity), state: 'active' });
      await provisioning.runScript('acme', 'INSERT INTO users VALUES (7)', {});
      if (what === 'repeated') await createTenant(catalog, input('acme', {}, 'process-2'));
      else await stopTenant(catalog, () => input('acme').server, { name: 'acme' }, 'deleted');
      expect(await provisioning.readIdentity('acme')).toEqual({ ...said, state: 'active' });
      expect(await provisioning.isEmpty('acme')).toBe(false);
      expect(warn).toHaveBeenCalledWith(expect.stringContaining('The database acme on main'), {
        code: 'TENANTRY_DATABASE_LEFT',
      });
    },
  );

  it.each(['resume', 'adoption'])('is left alone by a %s that comes while its script runs', async (what) => {
    const { catalog } = fixture;
    const findServer = () => input('acme').server;
    const meanwhile = async () => {
      const { id = '', placement } = (await catalog.findByName('acme')) ?? {};
      const { database = '' } = placement ?? {};
      const adoption = { name: 'acme', database, identity: 'table' as const, dryRun: false };
      const attempt =
        what === 'resume'
          ? resumeTenant(catalog, findServer, { name: 'acme', id })
          : adoptTenant(catalog, { ...adoption, server: findServer(), catalogDatabase: undefined });
      const code = what === 'resume' ? 'TENANTRY_TENANT_STATUS' : 'TENANTRY_TENANT_BUSY';
      await expect(attempt).rejects.toMatchObject({ code });
    };
    const runScript: Provisioning['runScript'] = async (...args) => {
      await meanwhile();
      await provisioning.runScript(...args);
    };
    const tenant = await createTenant(catalog, input('acme', { runScript }));
    expect(await provisioning.readIdentity(tenant.placement.database)).toEqual(identityOf(tenant));
  });

  it('is not begun where nothing can be made on its server', async () => {
    const server = { ...input('acme').server, provisioning: () => Promise.reject(new Error('no driver')) };
    await expect(createTenant(fixture.catalog, { ...input('acme'), server })).rejects.toThrow('no driver');
    expect(await fixture.catalog.findByName('acme')).toBeUndefined();
  });

  it('never takes or drops a database that is somebody else’s', async () => {
    await provisioning.createDatabase('acme');
    await provisioning.runScript('acme', 'CREATE TABLE precious (id INTEGER)');
    await expect(createTenant(fixture.catalog, input('acme'))).rejects.toMatchObject({
      code: 'TENANTRY_DATABASE_EXISTS',
    });
    expect(await provisioning.isEmpty('acme')).toBe(false);
    expect(await provisioning.readIdentity('acme')).toBeUndefined();
    expect(await fixture.catalog.findByName('acme')).toBeUndefined();
    // It was never this tenant's, and so can be adopted.
    expect((await fixture.catalog.list({ status: 'deleted' })).tenants).toEqual([]);
    const server = input('acme').server;
    const adoption = { name: 'acme', database: 'acme', identity: 'table', dryRun: false, server } as const;
    expect(await adoptTenant(fixture.catalog, { ...adoption, catalogDatabase: undefined })).toMatchObject({
      outcome: 'registered',
    });
  });

  it('that another process is at is not disturbed', async () => {
    const { catalog } = fixture;
    let go = () => {};
    const paused = new Promise<void>((resolve) => {
      go = resolve;
    });
    let reached = () => {};
    const atScript = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const first = createTenant(
      catalog,
      input('acme', {
        runScript: async (...args) => {
          reached();
          await paused;
          await provisioning.runScript(...args);
        },
      }),
    );
    await atScript;
    await expect(createTenant(catalog, input('acme', {}, 'process-2'))).rejects.toMatchObject({
      code: 'TENANTRY_TENANT_BUSY',
    });
    go();
    expect(await first).toMatchObject({ status: 'active' });
  });
});
