import { link, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import { mysql } from '../../packages/tenantry/src/engines/mysql/index.js';
import { postgres } from '../../packages/tenantry/src/engines/postgres/index.js';
import { sqlite } from '../../packages/tenantry/src/engines/sqlite/index.js';
import { forEachEngine, type Namespace, onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { openTenancy } from './tenancies.js';

const engines = { mysql, postgres, sqlite };

/** The same server or folder under another address. */
async function aliasOf({ url, server }: Namespace): Promise<string> {
  if (server !== undefined) return server.tcpUrl;
  const [folder = '', query] = url.slice('sqlite:'.length).split('?');
  const beside = await mkdtemp(join(tmpdir(), 'tenantry-alias-'));
  onTestFinished(() => rm(beside, { recursive: true }));
  await symlink(folder, join(beside, 'alias'));
  return `sqlite:${join(beside, 'alias')}${query === undefined ? '' : `?${query}`}`;
}

forEachEngine((engine) => {
  const namespace = useNamespace(engine);
  const provisioningOf = () => engines[engine.name].server(parseAddress(namespace().url)).provisioning();

  /** A database that exists, and a tenant's name for it. */
  async function newDatabase(suffix: string, script = ''): Promise<string> {
    const name = namespace().name(suffix);
    const provisioning = await provisioningOf();
    await provisioning.createDatabase(name);
    await provisioning.runScript(name, script);
    return name;
  }

  describe('the database of a catalog', () => {
    it.each(['table', 'name'] as const)(
      'is adopted as a tenant’s by no address that leads there, known by its %s',
      async (identity) => {
        const tenancy = await openTenancy(namespace(), { servers: { alias: await aliasOf(namespace()) } });
        const [name, database] = [namespace().name(`alias_${identity}`), namespace().name('General')];
        for (const dryRun of [true, false]) {
          await expect(tenancy.tenants.adopt({ name, database, identity, dryRun })).rejects.toMatchObject({
            code: 'TENANTRY_INVALID_INPUT',
            message: expect.stringContaining('catalog'),
            hint: expect.stringMatching(/./),
          });
        }
        await expect(tenancy.tenants.get(name)).rejects.toMatchObject({ code: 'TENANTRY_UNKNOWN_TENANT' });
        expect(await (await provisioningOf()).readIdentity(database)).toBeUndefined();
      },
    );

    it.each(['table', 'name'] as const)(
      'is served to nobody whose database it became, known by its %s',
      async (identity) => {
        const tenancy = await openTenancy(namespace());
        const name = await newDatabase(`became_${identity}`);
        await tenancy.tenants.adopt({ name, identity });
        const { id, epoch, fence } = await tenancy.tenants.suspend(name);
        const said = await (await provisioningOf()).readIdentity(name);
        await (await provisioningOf()).runScript(name, 'CREATE TABLE tenantry_catalog (id INTEGER);');
        for (const dryRun of [true, false]) {
          const refused = { code: 'TENANTRY_IDENTITY_MISMATCH', message: expect.stringContaining('catalog') };
          await expect(tenancy.tenants.resume(name, { dryRun })).rejects.toMatchObject(refused);
          if (identity === 'name') continue;
          await expect(tenancy.tenants.takeOver({ name, id }, { dryRun })).rejects.toMatchObject(refused);
        }
        expect(await tenancy.tenants.get(name)).toMatchObject({ status: 'suspended', epoch, fence });
        expect(await (await provisioningOf()).readIdentity(name)).toEqual(said);
      },
    );

    it('is made in no tenant’s own', async () => {
      const tenancy = await openTenancy(namespace());
      const name = namespace().name('whole');
      await tenancy.tenants.create({ name });
      const there = { ...namespace(), name: () => name };
      for (const preview of [true, false]) {
        await expect(openTenancy(there, { preview })).rejects.toMatchObject({
          code: 'TENANTRY_INVALID_OPTION',
          message: expect.stringContaining(name),
        });
      }
      await expect(tenancy.session(name).query('SELECT * FROM tenantry_catalog')).rejects.toMatchObject({
        kind: 'missing-table',
      });
    });
  });
});

onEngine('sqlite', (engine) => {
  const namespace = useNamespace(engine);

  describe('a file that has two names', () => {
    it('is adopted as a tenant’s by neither', async () => {
      const tenancy = await openTenancy(namespace());
      const [one, two] = [namespace().name('one'), namespace().name('two')];
      const provisioning = await sqlite.server(parseAddress(namespace().url)).provisioning();
      await provisioning.createDatabase(one);
      const [folder = ''] = namespace().url.slice('sqlite:'.length).split('?');
      await link(join(folder, `${one}.sqlite`), join(folder, `${two}.sqlite`));
      for (const [name, identity] of [
        [one, 'name'],
        [two, 'table'],
      ] as const) {
        await expect(tenancy.tenants.adopt({ name, identity })).rejects.toMatchObject({
          code: 'TENANTRY_INVALID_INPUT',
          message: expect.stringContaining('names'),
        });
      }
      expect(await provisioning.readIdentity(two)).toBeUndefined();
    });
  });
});

onEngine('postgres', (engine) => {
  const namespace = useNamespace(engine);

  describe.each(['schema', 'row'] as const)('a database that tenants share by %s', (isolation) => {
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await openSharedDatabase(namespace(), isolation);
    });
    afterAll(() => shared?.close());

    it.each(['table', 'name'] as const)(
      'is adopted as no tenant’s own, known by its %s',
      async (identity) => {
        const alias = namespace().url;
        const servers = { main: { url: shared.url, isolation }, alias };
        const tenancy = await openTenancy(namespace(), { servers });
        const [name, whole] = [namespace().name(`part_${isolation}_${identity}`), namespace().name('whole')];
        await tenancy.tenants.create({ name, server: 'main' });
        for (const server of ['main', 'alias']) {
          for (const dryRun of [true, false]) {
            const attempt = tenancy.tenants.adopt({
              ...{ name: whole, database: shared.database, server, identity, dryRun },
            });
            await expect(attempt).rejects.toMatchObject({
              code: 'TENANTRY_INVALID_INPUT',
              message: expect.stringContaining('share'),
            });
          }
        }
        await expect(tenancy.tenants.get(whole)).rejects.toMatchObject({ code: 'TENANTRY_UNKNOWN_TENANT' });
      },
    );

    it.each(['table', 'name'] as const)(
      'is none that is a tenant’s own, known by its %s',
      async (identity) => {
        const whole = namespace().name(`whole_${isolation}_${identity}`);
        const url = new URL(namespace().url);
        url.pathname = `/${whole}`;
        const tenancy = await openTenancy(namespace(), { servers: { main: url.href } });
        await (await postgres.server(parseAddress(url.href)).provisioning()).createDatabase(whole);
        await tenancy.tenants.adopt({ name: whole, identity });
        const part = { name: namespace().name(`in_${isolation}_${identity}`), isolation };
        const refused = {
          code: 'TENANTRY_DATABASE_EXISTS',
          message: expect.stringMatching(/had a tenant|belongs to/),
        };
        await expect(tenancy.tenants.plan(part)).rejects.toMatchObject(refused);
        await expect(tenancy.tenants.create(part)).rejects.toMatchObject(refused);
        await expect(tenancy.tenants.get(part.name)).rejects.toMatchObject({
          code: 'TENANTRY_UNKNOWN_TENANT',
        });
        expect((await tenancy.tenants.get(whole)).status).toBe('active');
      },
    );
  });
});
