import { join } from 'node:path';
import { createTenancy } from 'tenantry';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderWith, runHere } from './support.js';

let cwd: string;
let tenantry: (...args: readonly string[]) => ReturnType<typeof runHere>;
beforeEach(async () => {
  cwd = await folderWith({ 'tenantry.config.json': '{"catalog": "sqlite:./data"}' });
  tenantry = (...args) => runHere(args, { cwd });
});

describe('a change that is not possible', () => {
  it.each([
    ['active', 'resume', 4],
    ['active', 'take-over', 4],
    ['suspended', 'suspend', 4],
    ['deleted', 'suspend', 3],
    ['deleted', 'resume', 3],
    ['deleted', 'take-over', 3],
    ['deleted', 'delete', 3],
  ])('of a tenant that is %s to %s exits with the same in a dry run', async (status, verb, code) => {
    await tenantry('setup');
    const { stdout } = await tenantry('tenants', 'create', 'acme', '--json');
    const id: string = JSON.parse(stdout).tenant.id;
    if (status !== 'active') {
      const stop = status === 'suspended' ? 'suspend' : 'delete';
      expect((await tenantry('tenants', stop, 'acme', '--yes')).code).toBe(0);
    }
    const args = ['tenants', verb, 'acme', '--yes', ...(verb === 'take-over' ? ['--id', id] : [])];
    const dry = await tenantry(...args, '--dry-run');
    expect(dry).toEqual({ code, stdout: '', stderr: expect.stringContaining('TENANTRY_') });
    expect(await tenantry(...args)).toEqual(dry);
  });

  it('because the catalog is missing exits with the same, but where it would be made', async () => {
    for (const verb of ['create', 'suspend', 'resume', 'delete']) {
      const args = ['tenants', verb, 'acme', '--yes'];
      const dry = await tenantry(...args, '--dry-run');
      expect(dry).toMatchObject({ code: 6, stderr: expect.stringContaining('CATALOG_MISSING') });
      expect(await tenantry(...args)).toEqual(dry);
    }
    expect((await tenantry('setup', '--dry-run')).stdout).toBe('the catalog would be made\n');
  });
});

describe('a catalog of version 1', () => {
  beforeEach(async () => {
    await tenantry('setup');
    await tenantry('tenants', 'create', 'acme');
    const tenancy = await createTenancy({ catalog: `sqlite:${join(cwd, 'data')}` });
    for (const change of [
      'ALTER TABLE tenantry_catalog DROP COLUMN readable_from',
      'ALTER TABLE tenantry_catalog DROP COLUMN writable_from',
      'ALTER TABLE tenantry_tenants DROP COLUMN fence',
      'ALTER TABLE tenantry_physical_names DROP COLUMN begun_at',
      'ALTER TABLE tenantry_physical_names DROP COLUMN doomed_at',
      'UPDATE tenantry_catalog SET version = 1',
    ]) {
      await tenancy.central.execute(change);
    }
    await tenancy.destroy();
  });

  it('is told by a dry run of setup what would become of it, and stays', async () => {
    const dry = { code: 0, stdout: 'the catalog would be brought up to date, from version 1 to 2\n' };
    expect(await tenantry('setup', '--dry-run')).toMatchObject(dry);
    expect(await tenantry('setup', '--dry-run')).toMatchObject(dry);
    expect(JSON.parse((await tenantry('setup', '--dry-run', '--json')).stdout)).toEqual({
      ...{ dryRun: true, catalog: 'old', from: 1, to: 2 },
    });
    expect((await tenantry('setup')).code).toBe(0);
    expect((await tenantry('setup', '--dry-run')).stdout).toBe(
      'the catalog is ready; nothing would be done\n',
    );
  });

  it('is looked into by no other dry run, each of which says that setup comes first', async () => {
    for (const args of [
      ...['create', 'suspend', 'resume', 'delete'].map((verb) => ['tenants', verb, 'acme', '--yes']),
      ['adopt', '--tenants-from', "SELECT 'acme'"],
    ]) {
      const { code, stderr } = await tenantry(...args, '--dry-run');
      expect({ args, code }).toEqual({ args, code: 6 });
      expect(stderr).toContain('TENANTRY_CATALOG_VERSION');
      expect(stderr).toContain('tenantry setup');
    }
  });
});

it('setup --dry-run says so of a database in which setup would make no catalog', async () => {
  await tenantry('setup');
  await tenantry('tenants', 'create', 'acme');
  const args = ['setup', '--catalog', 'sqlite:./data?database=acme'];
  const dry = await tenantry(...args, '--dry-run');
  expect(dry).toMatchObject({ code: 2, stderr: expect.stringContaining('belongs to the tenant') });
  expect(await tenantry(...args)).toEqual(dry);
});
