import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Mutant } from './contracts/mutant.js';
import { loadMutants, mutate } from './mutants.mjs';

const library = new URL('../../packages/tenantry/', import.meta.url);
/** The switches that an installed library has; a mutant must not become one. */
const SWITCHES = ['NODE_PG_FORCE_NATIVE', 'TENANTRY_SQLITE_DRIVER'];

const mutants = await loadMutants();

describe('the deliberate leaks', () => {
  it.each(['mysql', 'postgres', 'sqlite'] as const)('are at least twenty on %s', (engine) => {
    expect(mutants.filter(({ engines }) => engines.includes(engine)).length).toBeGreaterThanOrEqual(20);
  });

  it.each(mutants)('fit the library as it is built today: $name', async (mutant) => {
    const changed = await mutate(mutant);
    for (const [file, text] of changed)
      expect(text).not.toBe(await readFile(new URL(`dist/${file}`, library), 'utf8'));
    expect(changed.size).toBeGreaterThan(0);
  });
});

describe('docs/leak-hunt.md', () => {
  it('lists the deliberate leaks', async () => {
    const text = await readFile(new URL('../../docs/leak-hunt.md', import.meta.url), 'utf8');
    const [, table = ''] = text.split('## The mutants');
    const listed = table.split('\n').filter((line) => line.startsWith('| `'));
    const row = ({ name, about, engines, isolations = [] }: Mutant) =>
      `| \`${name}\` | ${about} | ${[...engines, ...isolations].join(', ')} |`;
    expect(listed).toEqual(mutants.map(row));
  });
});

describe('the packed package', () => {
  it('holds no mutant, and no seam for one', async () => {
    const paths = await packedPaths();
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => !/^(dist\/|package\.json$|README\.md$|LICENSE$)/.test(path))).toEqual([]);
    expect(paths.filter((path) => /mutant|leak|hunt/i.test(path))).toEqual([]);
    const seams: string[] = [];
    for (const path of paths.filter((name) => name.endsWith('.js'))) {
      const code = (await readFile(new URL(path, library), 'utf8')).replace(/\/\*.*?\*\//gs, '');
      if (/mutant/i.test(code)) seams.push(`${path} knows of mutants`);
      // What is imported is written in the code, and never comes from outside.
      if (/\bimport\((?!['"])/.test(code)) seams.push(`${path} imports what it is told to`);
      for (const [text, name = ''] of code.matchAll(/process\.env\b(?:\.(\w+))?/g)) {
        if (!SWITCHES.includes(name)) seams.push(`${path} reads ${text}`);
      }
    }
    expect(seams).toEqual([]);
  });
});

/** What `npm publish` would publish. */
async function packedPaths(): Promise<string[]> {
  const child = spawn('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: fileURLToPath(library),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = await Promise.all([json(child.stdout), once(child, 'close')]);
  const [{ files }] = packed as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}
