import { describe, expect, it } from 'vitest';
import { forEachEngine, type Namespace, useNamespace } from '../../../test/helpers/engines.js';
import { parseAddress } from '../../tenantry/src/engine/address.js';
import type { Engine } from '../../tenantry/src/engine/engine.js';
import { mysql } from '../../tenantry/src/engines/mysql/index.js';
import { postgres } from '../../tenantry/src/engines/postgres/index.js';
import { sqlite } from '../../tenantry/src/engines/sqlite/index.js';
import { folderWith, runBin } from './support.js';

const engines: Readonly<Record<string, Engine>> = { mysql, postgres, sqlite };
const USERS = 'CREATE TABLE users (id INT NOT NULL, username VARCHAR(100) NOT NULL);';

/** An installation as it was before there was tenantry: a table of names, and a database for each. */
async function oldInstallation(namespace: Namespace) {
  const [general, a, b] = ['General', 'TenantA', 'TenantB'].map((name) => namespace.name(name)) as [
    string,
    string,
    string,
  ];
  const gone = namespace.name('Gone');
  const names = [a, b, a, 'TenantB?db=TenantA', gone, 'information_schema', general];
  const address = parseAddress(namespace.url);
  const provisioning = await engines[address.engine]?.server(address).provisioning();
  if (provisioning === undefined) throw new Error(`There is no engine ${address.engine}.`);
  for (const database of [general, a, b]) await provisioning.createDatabase(database);
  for (const database of [a, b]) await provisioning.runScript(database, USERS);
  const rows = names.map((name, index) => `INSERT INTO tenants VALUES (${index}, '${name}');`);
  const table = 'CREATE TABLE tenants (id INT NOT NULL, name VARCHAR(100) NOT NULL);';
  await provisioning.runScript(general, `${table}\n${rows.join('\n')}`);

  const cwd = await folderWith();
  const catalog = urlOfDatabase(namespace.url, general);
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await runBin([...args, '--catalog', catalog, '--json'], { cwd });
    return { code, data: stdout && JSON.parse(stdout), error: stderr && JSON.parse(stderr).error };
  };
  const from = ['--tenants-from', 'SELECT name FROM tenants ORDER BY id', '--server', namespace.url];
  const adopt = (...args: string[]) => json('adopt', ...from, ...args);
  const rejected = [
    { name: 'TenantB?db=TenantA', code: 'TENANTRY_INVALID_NAME', reason: expect.any(String) },
    { name: gone, code: 'TENANTRY_DATABASE_MISSING', reason: expect.any(String) },
    { name: 'information_schema', code: expect.any(String), reason: expect.any(String) },
    { name: general, code: 'TENANTRY_INVALID_INPUT', reason: expect.any(String) },
  ];
  return { provisioning, general, a, b, json, adopt, rejected };
}

function urlOfDatabase(url: string, database: string): string {
  if (url.startsWith('sqlite:')) return `${url}${url.includes('?') ? '&' : '?'}database=${database}`;
  const catalog = new URL(url);
  catalog.pathname = `/${database}`;
  return catalog.href;
}

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  describe('an installation that exists', () => {
    it('is adopted: the good names once, the bad ones listed with the reason', async () => {
      const { provisioning, a, b, json, adopt, rejected } = await oldInstallation(namespace());

      const dry = await adopt('--dry-run');
      expect(dry).toMatchObject({
        code: 7,
        data: { dryRun: true, registered: [a, b], unchanged: [], rejected, duplicates: [a] },
      });
      expect(await json('tenants', 'list')).toMatchObject({
        code: 6,
        error: { code: 'TENANTRY_CATALOG_MISSING' },
      });
      expect(await provisioning.readIdentity(a)).toBeUndefined();

      const real = await adopt();
      expect(real).toMatchObject({ code: 7, data: { dryRun: false, registered: [a, b], rejected } });
      const list = await json('tenants', 'list');
      expect(list.data.tenants).toMatchObject([
        { name: a, status: 'active', placement: { server: 'main', database: a, identity: 'table' } },
        { name: b, status: 'active', placement: { server: 'main', database: b, identity: 'table' } },
      ]);
      expect(await provisioning.readIdentity(a)).toMatchObject({ tenantId: list.data.tenants[0].id });

      const again = await adopt();
      expect(again).toMatchObject({ code: 7, data: { registered: [], unchanged: [a, b], rejected } });
      expect(await json('tenants', 'list')).toEqual(list);
    });
  });

  describe('an installation whose databases may not be written to', () => {
    it('is adopted by name, and nothing is made in a database', async () => {
      const { provisioning, a, b, adopt } = await oldInstallation(secondPart(namespace()));
      const { data } = await adopt('--identity', 'name-only');
      expect(data.registered).toEqual([a, b]);
      expect(await provisioning.readIdentity(a)).toBeUndefined();
    });
  });
});

/** A second set of names in the same namespace. */
function secondPart(namespace: Namespace): Namespace {
  return { ...namespace, name: (suffix) => namespace.name(`ro_${suffix}`) };
}
