import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { errorCatalog } from '../../packages/tenantry/src/errors.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const DOCS = /^(?:README|ARCHITECTURE)\.md$|^docs\/.*\.md$/;
const SOURCE = /^packages\/(?:tenantry|cli)\/src\/.*\.ts$/;
/** Settings of the environment, and warnings of the process, are written as codes are. */
const NO_ERRORS = [
  ...['URL', 'CATALOG', 'SQLITE_DRIVER', 'TEST_INSTALL', 'WRITE_DOCS'],
  ...['LISTENER_FAILED', 'XA_LEFT_PREPARED', 'TRANSACTION_LEFT_PREPARED', 'DATABASE_LEFT'],
];

async function textsOf(pattern: RegExp): Promise<ReadonlyMap<string, string>> {
  const folders = ['', 'docs', 'packages/tenantry/src', 'packages/cli/src'];
  const texts = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of await readdir(root + folder, { recursive: folder !== '', withFileTypes: true })) {
      const path = `${entry.parentPath}/${entry.name}`.replace(/\/+/g, '/').slice(root.length);
      if (entry.isFile() && pattern.test(path)) texts.set(path, await readFile(root + path, 'utf8'));
    }
  }
  return texts;
}

/** Each name that a pattern finds in some texts, with where it stands. */
function mentions(texts: ReadonlyMap<string, string>, pattern: RegExp): [string, string][] {
  return [...texts].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map((match): [string, string] => [match[1] ?? '', path]),
  );
}

const missing = (found: readonly [string, string][], known: ReadonlySet<string>) =>
  found.filter(([name]) => !known.has(name)).map(([name, path]) => `${path}: ${name}`);

describe('what the documentation and the comments name', () => {
  it('are codes that there are', async () => {
    const texts = new Map([...(await textsOf(DOCS)), ...(await textsOf(SOURCE))]);
    const known = new Set([...Object.keys(errorCatalog), ...NO_ERRORS.map((name) => `TENANTRY_${name}`)]);
    expect(missing(mentions(texts, /\b(TENANTRY_[A-Z_]+[A-Z])\b/g), known)).toEqual([]);
  });

  it('are options that there are', async () => {
    const texts = new Map([...(await textsOf(DOCS)), ...(await textsOf(SOURCE))]);
    const options = (
      await textsOf(/^packages\/tenantry\/src\/(?:options|options\/per-tenant)\.ts$/)
    ).values();
    const known = new Set(
      [...options].flatMap((text) => [...text.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name ?? '')),
    );
    expect(missing(mentions(texts, /`(?:timeouts|cache|limits)\.(\w+)`/g), known)).toEqual([]);
  });

  it('are times that some option is called', async () => {
    const texts = new Map([...(await textsOf(DOCS)), ...(await textsOf(SOURCE))]);
    const code = [...(await textsOf(SOURCE)).values()].join('\n').replace(/\/\*\*[\s\S]*?\*\//g, '');
    const known = new Set([...code.matchAll(/\b(\w+Ms)\b/g)].map(([name]) => name));
    expect(missing(mentions(texts, /`(\w+Ms)`/g), known)).toEqual([]);
  });

  it('are flags that there are', async () => {
    const flags = /^packages\/cli\/src\/.*\.ts$/;
    const known = new Set(mentions(await textsOf(flags), /['`](?:-\w, )?--([a-z-]+)/g).map(([name]) => name));
    // Of the package that reads the command line.
    known.add('help');
    const commands = /\btenantry[^\n`]*?--([a-z-]+)/g;
    const tables = /(?:^|[ ,`])--([a-z][a-z-]+)/g;
    const cli = await textsOf(/^docs\/cli\.md$/);
    expect(mentions(cli, tables).length).toBeGreaterThan(10);
    expect(missing([...mentions(cli, tables), ...mentions(await textsOf(DOCS), commands)], known)).toEqual(
      [],
    );
  });
});
