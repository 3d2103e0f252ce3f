import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What `npm publish` would publish of a package. */
async function packed(folder: string): Promise<readonly string[]> {
  const child = spawn('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [told] = await Promise.all([json(child.stdout), once(child, 'close')]);
  const [{ files }] = told as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

describe.each(['tenantry', 'cli'])('the package in packages/%s', (name) => {
  const folder = join(root, 'packages', name);
  const read = (...path: string[]) => readFile(join(...path), 'utf8');

  it('carries a README that says how it is installed, and the licence', async () => {
    const manifest = JSON.parse(await read(folder, 'package.json')) as { readonly name: string };
    expect(await packed(folder)).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json']));
    expect(await read(folder, 'LICENSE')).toBe(await read(root, 'LICENSE'));
    const pages = [join(folder, 'README.md'), join(root, 'README.md')];
    if (name === 'cli') pages.push(join(root, 'docs', 'cli.md'));
    for (const page of pages) {
      const text = await read(page);
      expect(text, page).toMatch(new RegExp(`^npm install ${manifest.name}( |$)`, 'm'));
      if (name === 'cli') expect(text, page).toContain('npx tenantry --help');
    }
  });
});
