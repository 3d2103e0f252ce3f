import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, runBin, runHere } from './support.js';

const SCHEMA = 'CREATE TABLE users (id INT NOT NULL, username VARCHAR(100) NOT NULL, PRIMARY KEY (id));';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An installation of its own, and its command line: in this process, or as the built command. */
async function installation(run: typeof runHere | typeof runBin = runHere) {
  const cwd = await folderWith({
    'tenantry.config.json': '{"catalog": "sqlite:./data", "provision": "./schema.sql"}',
    'schema.sql': SCHEMA,
  });
  const tenantry = (...args: string[]) => run(args, { cwd });
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await tenantry(...args, '--json');
    return { code, data: stdout && JSON.parse(stdout), error: stderr && JSON.parse(stderr).error };
  };
  return { cwd, tenantry, json };
}

describe('the life of a tenant on the command line', () => {
  it('goes from setup to deletion, with what to do next at each step', async () => {
    const { tenantry, json } = await installation(runBin);
    expect(await json('setup', '--dry-run')).toMatchObject({ code: 0, data: { catalog: 'missing' } });
    expect(await tenantry('setup')).toMatchObject({
      code: 0,
      stdout: 'the catalog is ready\n',
      stderr: expect.stringContaining('tenantry tenants create'),
    });
    expect(await json('setup')).toEqual({ code: 0, data: { catalog: 'ready' }, error: '' });

    const created = await tenantry('tenants', 'create', 'TenantC');
    expect(created).toMatchObject({ code: 0, stdout: 'created TenantC in main/TenantC\n' });
    expect(created.stderr).toContain('Next:');
    expect(await json('tenants', 'suspend', 'TenantC')).toMatchObject({
      code: 0,
      data: { tenant: { name: 'TenantC', status: 'suspended' } },
    });
    expect(await json('tenants', 'resume', 'TenantC')).toMatchObject({
      code: 0,
      data: { tenant: { status: 'active' } },
    });
    expect(await json('tenants', 'delete', 'TenantC', '--yes')).toMatchObject({
      code: 0,
      data: { tenant: { status: 'deleted' } },
    });
    expect(await json('tenants', 'get', 'TenantC')).toMatchObject({
      code: 3,
      data: '',
      error: { code: 'TENANTRY_UNKNOWN_TENANT' },
    });
  });

  it('is listed a page at a time, in a shape that scripts can rely on', async () => {
    const { tenantry, json } = await installation();
    expect((await tenantry('setup')).code).toBe(0);
    expect(await json('tenants', 'list')).toEqual({ code: 0, data: { tenants: [], next: null }, error: '' });
    expect((await tenantry('tenants', 'list')).stderr).toContain('Make one');
    expect((await tenantry('tenants', 'list', '--status', 'suspended')).stderr).not.toContain('Make one');
    for (const name of ['A', 'B', 'C']) expect((await tenantry('tenants', 'create', name)).code).toBe(0);

    const { data } = await json('tenants', 'list');
    expect(data).toEqual({
      tenants: ['A', 'B', 'C'].map((name) => ({
        id: expect.stringMatching(UUID),
        name,
        status: 'active',
        epoch: expect.any(Number),
        placement: { server: 'main', database: name, isolation: 'database', identity: 'table' },
      })),
      next: null,
    });
    const first = await json('tenants', 'list', '--limit', '2');
    expect(first.data.tenants.map(({ name }: { name: string }) => name)).toEqual(['A', 'B']);
    const second = await json('tenants', 'list', '--limit', '2', '--after', first.data.next);
    expect(second.data.tenants.map(({ name }: { name: string }) => name)).toEqual(['C']);
    expect(second.data.next).toBeNull();

    const people = await tenantry('tenants', 'list');
    expect(people.stdout.split('\n')[0]).toMatch(/^NAME +STATUS +DATABASE +ID$/);
    expect(people.stdout).not.toContain('\u001b[');
  });

  it('can be refused for what it says', async () => {
    const { tenantry, json } = await installation();
    await tenantry('setup');
    expect((await tenantry('tenants', 'create', 'TenantA')).code).toBe(0);
    expect(await json('tenants', 'create', 'TenantA')).toMatchObject({ code: 4, data: '' });
    expect(await json('tenants', 'create', 'tenanta')).toMatchObject({ code: 4, data: '' });
    expect(await json('tenants', 'create', 'TenantB?db=TenantA')).toMatchObject({ code: 5, data: '' });
    expect(await json('tenants', 'create', 'X', '--metadata', '{')).toMatchObject({ code: 5, data: '' });
    expect(await json('tenants', 'create', 'X', '--metadata', '{"n":9007199254740993}')).toMatchObject({
      ...{ code: 5, data: '' },
      error: { message: expect.stringContaining('beyond 2^53'), hint: expect.stringContaining('as a text') },
    });
    expect(await json('tenants', 'resume', 'TenantA')).toMatchObject({ code: 4, data: '' });
    expect(await json('tenants', 'suspend', 'nobody')).toMatchObject({ code: 3, data: '' });
  });

  it('changes nothing in a dry run', async () => {
    const { cwd, tenantry, json } = await installation();
    await tenantry('setup');
    await tenantry('tenants', 'create', 'TenantA');
    const before = await json('tenants', 'list');
    for (const verb of ['create', 'suspend', 'delete']) {
      const name = verb === 'create' ? 'TenantB' : 'TenantA';
      expect(await json('tenants', verb, name, '--dry-run')).toMatchObject({
        code: 0,
        data: { dryRun: true },
      });
    }
    expect(await json('tenants', 'list')).toEqual(before);
    expect(existsSync(join(cwd, 'data', 'TenantB.sqlite'))).toBe(false);
  });
});

describe('a catalog that is not there', () => {
  it('is 6 with what to do, and is not made by looking', async () => {
    const { cwd, json } = await installation();
    const { code, error } = await json('tenants', 'list');
    expect(code).toBe(6);
    expect(error).toMatchObject({ code: 'TENANTRY_CATALOG_MISSING', hint: expect.stringContaining('setup') });
    expect(existsSync(join(cwd, 'data'))).toBe(false);
  });

  it('is 6 when nobody answers at its address', async () => {
    const { json } = await installation();
    const { code, data } = await json('health', '--catalog', 'postgres://nobody@127.0.0.1:1/General');
    expect(code).toBe(6);
    expect(data.catalog.error.code).toBe('TENANTRY_CATALOG_UNAVAILABLE');
  });
});

describe('a dry run of a creation', () => {
  it('foresees what can be known: the server, the name, the database', async () => {
    const { cwd, tenantry, json } = await installation();
    await writeFile(
      join(cwd, 'tenantry.config.json'),
      JSON.stringify({ catalog: 'sqlite:./data', servers: { east: 'sqlite:./east', west: 'sqlite:./west' } }),
    );
    await tenantry('setup');
    await tenantry('tenants', 'create', 'TenantA', '--server', 'east');
    await mkdir(join(cwd, 'west'), { recursive: true });
    await writeFile(join(cwd, 'west', 'Strange.sqlite'), '');
    const plan = (name: string, ...args: string[]) => json('tenants', 'create', name, ...args, '--dry-run');
    expect(await plan('TenantB')).toMatchObject({ code: 5, error: { code: 'TENANTRY_INVALID_INPUT' } });
    expect(await plan('TenantB', '--server', 'north')).toMatchObject({
      error: { code: 'TENANTRY_UNKNOWN_SERVER' },
    });
    for (const name of ['TenantA', 'tenanta']) {
      expect(await plan(name, '--server', 'west')).toMatchObject({
        error: { code: 'TENANTRY_TENANT_EXISTS' },
      });
    }
    expect(await plan('Strange', '--server', 'west')).toMatchObject({
      error: { code: 'TENANTRY_DATABASE_EXISTS' },
    });
    expect(await plan('TenantB', '--server', 'west')).toMatchObject({
      code: 0,
      data: { tenant: { name: 'TenantB', placement: { server: 'west', database: 'TenantB' } } },
    });
  });
});

describe('what is not there', () => {
  it('is rejected by a dry run of adopt, which says that nothing would be written', async () => {
    const { tenantry } = await installation();
    await tenantry('setup');
    const args = ['adopt', '--tenants-from', "SELECT 'Gone' UNION SELECT 'Nowhere'", '--dry-run'];
    const { code, stderr } = await tenantry(...args);
    expect(code).toBe(7);
    expect(stderr).toContain('0 would be registered, 0 unchanged, 2 rejected. Nothing would be written.');
  });
});

describe('health', () => {
  it('tells of the servers also where the catalog does not answer', async () => {
    const { cwd, json } = await installation();
    await writeFile(
      join(cwd, 'tenantry.config.json'),
      JSON.stringify({
        catalog: 'postgres://nobody@127.0.0.1:1/General',
        servers: { main: 'sqlite:./data' },
      }),
    );
    expect(await json('health')).toMatchObject({
      code: 6,
      data: { ok: false, catalog: { ok: false }, servers: { main: { ok: true } } },
    });
  });

  it('says of each part whether it answers', async () => {
    const { tenantry, json } = await installation();
    await tenantry('setup');
    expect(await json('health')).toMatchObject({
      code: 0,
      data: { ok: true, catalog: { ok: true }, servers: { main: { ok: true } } },
    });
    expect((await tenantry('health')).stdout).toMatch(/^PART +STATE +WHY\ncatalog +ok\nmain +ok\n$/);
  });
});

describe('a configuration in TypeScript', () => {
  it('is read by the built command and leaves no files behind', async () => {
    const { cwd, tenantry } = await installation(runBin);
    await writeFile(
      join(cwd, 'tenantry.config.ts'),
      "const catalog: string = 'sqlite:./other';\nexport default { catalog };\n",
    );
    expect((await tenantry('setup')).code).toBe(0);
    expect(existsSync(join(cwd, 'other'))).toBe(true);
    expect(existsSync(join(cwd, 'node_modules'))).toBe(false);
    expect(await readFile(join(cwd, 'schema.sql'), 'utf8')).toBe(SCHEMA);
  });
});
