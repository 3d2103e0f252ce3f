import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidOptionError } from 'tenantry';
import { describe, expect, it } from 'vitest';
import { absoluteAddress, loadConfig } from '../src/config.js';
import { folderWith } from './support.js';

const JSON_FILE = 'tenantry.config.json';

async function configOf(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  flag: string | undefined = undefined,
) {
  return loadConfig({ cwd, env }, flag);
}

describe('the configuration', () => {
  it('is read from TypeScript, JavaScript and JSON, in this order', async () => {
    const folder = await folderWith({ [JSON_FILE]: '{"catalog": "mysql://json"}' });
    expect((await configOf(folder)).catalog).toBe('mysql://json');
    await writeFile(join(folder, 'tenantry.config.mjs'), "export default { catalog: 'mysql://mjs' };");
    expect((await configOf(folder)).catalog).toBe('mysql://mjs');
    const typescript = "const url: string = 'mysql://ts';\nexport default { catalog: url };";
    await writeFile(join(folder, 'tenantry.config.ts'), typescript);
    expect((await configOf(folder)).catalog).toBe('mysql://ts');
  });

  it('is found from a folder inside the repository and not beyond its root', async () => {
    const outside = await folderWith({ [JSON_FILE]: '{"catalog": "mysql://outside"}' });
    const repository = join(outside, 'repository');
    const deep = join(repository, 'packages', 'app');
    await mkdir(deep, { recursive: true });
    await mkdir(join(repository, '.git'));
    await expect(configOf(deep)).rejects.toThrow('No catalog is configured');
    await writeFile(join(repository, JSON_FILE), '{"catalog": "mysql://inside"}');
    expect((await configOf(deep)).catalog).toBe('mysql://inside');
  });

  it('is found up to the outermost package where there is no repository', async () => {
    const outside = await folderWith({ [JSON_FILE]: '{"catalog": "mysql://outside"}' });
    const deep = join(outside, 'app', 'src');
    await mkdir(deep, { recursive: true });
    await expect(configOf(deep)).rejects.toThrow('No catalog is configured');
    await writeFile(join(outside, 'package.json'), '{}');
    expect((await configOf(deep)).catalog).toBe('mysql://outside');
  });

  it('gives way to TENANTRY_URL, that to TENANTRY_CATALOG, and that to --catalog', async () => {
    const file = { catalog: 'mysql://file', servers: { main: 'mysql://file' } };
    const folder = await folderWith({ [JSON_FILE]: JSON.stringify(file) });
    const url = { TENANTRY_URL: 'mysql://url' };
    expect(await configOf(folder, url)).toEqual({ catalog: 'mysql://url', servers: { main: 'mysql://url' } });
    const both = { ...url, TENANTRY_CATALOG: 'mysql://env' };
    expect(await configOf(folder, both)).toMatchObject({
      catalog: 'mysql://env',
      servers: { main: 'mysql://url' },
    });
    expect((await configOf(folder, both, 'mysql://flag')).catalog).toBe('mysql://flag');
    expect(await configOf(folder, {}, 'mysql://flag')).toMatchObject({ servers: { main: 'mysql://file' } });
  });

  it('takes an empty variable for one that is not set', async () => {
    const folder = await folderWith({ [JSON_FILE]: '{"catalog": "mysql://file"}' });
    expect((await configOf(folder, { TENANTRY_URL: '', TENANTRY_CATALOG: '' })).catalog).toBe('mysql://file');
  });

  it('takes folders and scripts of the file from where the file is', async () => {
    const folder = await folderWith({
      [JSON_FILE]:
        '{"catalog": "sqlite:./data", "servers": {"b": {"url": "sqlite:b"}}, "provision": "./s.sql"}',
      's.sql': 'SELECT 1;',
    });
    const inside = join(folder, 'inside');
    await mkdir(inside);
    await writeFile(join(folder, 'package.json'), '{}');
    expect(await configOf(inside)).toEqual({
      catalog: `sqlite:${folder}/data`,
      servers: { b: { url: `sqlite:${folder}/b` } },
      provision: { script: 'SELECT 1;' },
    });
    expect((await configOf(inside, {}, 'sqlite:./data')).catalog).toBe(`sqlite:${inside}/data`);
  });

  it('passes every other option on', async () => {
    const folder = await folderWith({ [JSON_FILE]: '{"catalog": "mysql://a", "cache": {"pollMs": 100}}' });
    expect(await configOf(folder)).toEqual({ catalog: 'mysql://a', cache: { pollMs: 100 } });
  });

  it.each([
    ['an array', '[]'],
    ['broken JSON', '{'],
    ['a catalog that is no text', '{"catalog": 1}'],
    ['servers that are no object', '{"catalog": "mysql://a", "servers": ["mysql://a"]}'],
    ['a script that is not there', '{"catalog": "mysql://a", "provision": "./missing.sql"}'],
  ])('is refused if it is %s', async (_what, text) => {
    const folder = await folderWith({ [JSON_FILE]: text });
    await expect(configOf(folder)).rejects.toBeInstanceOf(InvalidOptionError);
  });
});

describe('a SQLite address', () => {
  it.each([
    ['sqlite:./data', 'sqlite:/base/data'],
    ['sqlite:data?database=Central', 'sqlite:/base/data?database=Central'],
    ['sqlite://data', 'sqlite:/base/data'],
    ['sqlite:/abs/a%20b', 'sqlite:/abs/a%20b'],
    ['mysql://user:p%40ss@host/General', 'mysql://user:p%40ss@host/General'],
  ])('%s becomes %s', (url, absolute) => {
    expect(absoluteAddress(url, '/base')).toBe(absolute);
  });
});
