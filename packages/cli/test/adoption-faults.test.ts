import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, runHere } from './support.js';

async function installation() {
  const cwd = await folderWith({ 'tenantry.config.json': '{"catalog": "sqlite:./data"}' });
  const tenantry = (...args: string[]) => runHere(args, { cwd });
  expect((await tenantry('setup')).code).toBe(0);
  return { cwd, tenantry };
}

describe('an adoption', () => {
  it('goes on after a database that is none, which alone is rejected', async () => {
    const { cwd, tenantry } = await installation();
    await mkdir(join(cwd, 'data'), { recursive: true });
    await writeFile(
      join(cwd, 'data', 'Broken.sqlite'),
      'This is a text, and no database at all. '.repeat(50),
    );
    await writeFile(join(cwd, 'data', 'Good.sqlite'), '');
    const names = "SELECT 'Broken' UNION SELECT 'Good'";
    for (const more of [['--dry-run'], []]) {
      const { code, stdout } = await tenantry('adopt', '--tenants-from', names, '--json', ...more);
      expect(code).toBe(7);
      expect(JSON.parse(stdout)).toMatchObject({ registered: ['Good'], rejected: [{ name: 'Broken' }] });
    }
  });

  it('whose query the database refuses is told so as what was wrong on the command line', async () => {
    const { tenantry } = await installation();
    const { code, stderr } = await tenantry('adopt', '--tenants-from', 'SELECT name FROM nowhere');
    expect(code).toBe(5);
    expect(stderr).toMatch(/--tenants-from was refused: .*nowhere/);
    expect(stderr).not.toContain('central');
  });
});
