import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEngine, useNamespace } from '../../../test/helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../../../test/helpers/shared-database.js';
import { folderWith, runHere } from './support.js';

onEngine('postgres', (engine) => {
  const namespace = useNamespace(engine);
  let shared: SharedDatabase;
  beforeAll(async () => {
    shared = await openSharedDatabase(namespace());
  });
  afterAll(() => shared?.close());

  describe('tenants that share a database, on the command line', () => {
    it('are made in schemas where the server is configured so, and in rows where that is said', async () => {
      const catalog = new URL(namespace().url);
      catalog.pathname = `/${namespace().name('General')}`;
      const config = {
        catalog: catalog.href,
        servers: { main: { url: shared.url, isolation: 'schema' } },
      };
      const cwd = await folderWith({ 'tenantry.config.json': JSON.stringify(config) });
      const tenantry = (...args: string[]) => runHere(args, { cwd });
      expect((await tenantry('setup')).code).toBe(0);
      expect((await tenantry('tenants', 'create', 'Acme')).stdout).toBe(
        `created Acme in main/${shared.database}/Acme\n`,
      );
      const rows = await tenantry('tenants', 'create', 'Rowe', '--isolation', 'row', '--row-key', '42');
      expect(rows.stdout).toBe(`created Rowe in main/${shared.database}, rows 42\n`);
      const { stdout } = await tenantry('tenants', 'get', 'Rowe', '--json');
      expect(JSON.parse(stdout).tenant.placement).toMatchObject({ isolation: 'row', rowKey: '42' });
      expect(await tenantry('tenants', 'create', 'Other', '--row-key', '42')).toMatchObject({ code: 5 });
    });
  });
});
