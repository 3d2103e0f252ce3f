import { describe, expect, it } from 'vitest';
import { folderWith, runHere } from './support.js';

const REMOVE = ['tenants', 'delete', 'TenantA'];

/** A configuration that fails where it is used, so that a test sees whether the command got that far. */
async function somewhere() {
  return folderWith({ 'tenantry.config.json': '{"catalog": "nowhere://"}' });
}
const WENT_ON = 'begins with no scheme';

describe('something destructive without a terminal', () => {
  it('is refused with 2, without a question and before anything is opened', async () => {
    const { code, stdout, stderr } = await runHere(REMOVE, { cwd: await somewhere(), typed: 'TenantA' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('say --yes');
    expect(stderr).not.toContain('Type TenantA');
    expect(stderr).not.toContain(WENT_ON);
  });

  it.each(['--yes', '--dry-run'])('goes on with %s', async (flag) => {
    const { stderr } = await runHere([...REMOVE, flag], { cwd: await somewhere() });
    expect(stderr).toContain(WENT_ON);
  });
});

describe('something destructive at a terminal', () => {
  it('goes on when the name was typed', async () => {
    const { stdout, stderr } = await runHere(REMOVE, {
      cwd: await somewhere(),
      terminal: true,
      typed: 'TenantA',
    });
    expect(stdout).toBe('');
    expect(stderr).toContain('Type TenantA to delete it');
    expect(stderr).toContain(WENT_ON);
  });

  it.each([
    ['another name', 'tenanta'],
    ['yes', 'yes'],
    ['nothing', ''],
    ['the end of the input', undefined],
  ])('is refused with 5 when %s was typed', async (_what, typed) => {
    const { code, stderr } = await runHere(REMOVE, {
      cwd: await somewhere(),
      terminal: true,
      ...(typed === undefined ? {} : { typed }),
    });
    expect(code).toBe(5);
    expect(stderr).toContain('Nothing was changed');
    expect(stderr).not.toContain(WENT_ON);
  });

  it('ends with 130 when it is interrupted', async () => {
    const { code, stderr } = await runHere(REMOVE, {
      cwd: await somewhere(),
      terminal: true,
      signal: AbortSignal.abort(),
    });
    expect(code).toBe(130);
    expect(stderr).toContain('TENANTRY_ABORTED');
  });
});
