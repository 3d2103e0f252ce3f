import { beforeEach, describe, expect, it } from 'vitest';
import { folderWith, runHere } from './support.js';

let tenantry: (...args: readonly string[]) => ReturnType<typeof runHere>;
beforeEach(async () => {
  const cwd = await folderWith({ 'tenantry.config.json': '{"catalog": "sqlite:./data"}' });
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
