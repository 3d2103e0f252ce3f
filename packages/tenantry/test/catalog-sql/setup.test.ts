import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine } from '../../../../test/helpers/engines.js';
import type { Catalog } from '../../src/catalog/catalog.js';
import type { EngineConnection } from '../../src/engine/connection.js';
import { partOf } from '../../src/engine/place.js';
import { CatalogMissingError, CatalogVersionError } from '../../src/errors.js';
import { certifyNow } from '../../src/pool/certificate.js';
import { newId } from '../../src/tenant/id.js';
import { assertServable } from '../../src/tenant/status.js';
import type { Route } from '../../src/tenant/tenant.js';
import { endBeforeCall } from './tamper.js';
import { makeTestCatalog, type TestCatalog } from './test-catalog.js';

forEachEngine((engine) =>
  describe('the tables of a catalog', () => {
    let test: TestCatalog;

    beforeEach(async () => {
      test = await makeTestCatalog(engine);
    });

    afterEach(() => test.close());

    it('are made beside foreign ones, which stay as they are', async () => {
      await test.createDatabase();
      await test.run('CREATE TABLE tenants (id INT NOT NULL, name VARCHAR(100) NOT NULL)');
      await test.run("INSERT INTO tenants VALUES (1, 'TenantA'), (1, 'TenantA')");
      await test.catalog.setup();
      await test.catalog.adopt(tenant('TenantA'));
      expect(await test.run('SELECT id, name FROM tenants')).toEqual([
        { id: 1, name: 'TenantA' },
        { id: 1, name: 'TenantA' },
      ]);
      await test.run('DROP TABLE tenants');
      expect((await test.catalog.findByName('TenantA'))?.name).toBe('TenantA');
    });

    it('are made whole by the next setup, wherever the one before was cut off', async () => {
      await test.createDatabase();
      const whole = endBeforeCall(Number.POSITIVE_INFINITY);
      // Each round is cut off one call later, on what the rounds before have left.
      for (let call = 1; ; call++) {
        const cut = endBeforeCall(call);
        const outcome = await test
          .tampered(cut.tamper)
          .setup()
          .then(
            () => 'done',
            () => 'cut off',
          );
        if (cut.calls < call) break;
        if (outcome === 'cut off') {
          await expect(test.catalog.position()).rejects.toBeInstanceOf(CatalogMissingError);
        }
        if (call > 100) throw new Error('The setup never ends.');
      }
      await test.tampered(whole.tamper).setup();
      expect((await test.catalog.adopt(tenant('TenantA'))).revision).toBe(1);
      expect((await test.catalog.list({})).tenants).toHaveLength(1);
    });

    it('count as missing while the row that is written last is not there', async () => {
      await test.catalog.setup();
      const { incarnation } = await test.catalog.position();
      await test.run('DELETE FROM tenantry_catalog');
      await expect(test.catalog.position()).rejects.toBeInstanceOf(CatalogMissingError);
      await expect(test.catalog.adopt(tenant('TenantA'))).rejects.toBeInstanceOf(CatalogMissingError);
      await test.catalog.setup();
      expect((await test.catalog.position()).incarnation).not.toBe(incarnation);
    });

    const reads = (catalog: Catalog) => [
      () => catalog.position(),
      () => catalog.routesByName(['TenantA']),
      () => catalog.changesAfter(0, 10),
      () => catalog.findByName('TenantA'),
      () => catalog.list({}),
      () => catalog.setup(),
    ];
    const writes = (catalog: Catalog) => [
      () => catalog.adopt(tenant('TenantB')),
      () => catalog.changeStatus('TenantA', 'suspended', { endSessions: true }),
      () => catalog.heartbeat({ id: newId(), label: 'a test', revision: 0, leaseMs: 1000 }),
      () => catalog.registerServer('main', 'sqlite', 'sqlite:./data'),
    ];

    it.each([
      { version: 99, readableFrom: 2, writableFrom: 2, may: ['read', 'write'] },
      { version: 99, readableFrom: 2, writableFrom: 3, may: ['read'] },
      { version: 99, readableFrom: 3, writableFrom: 3, may: [] },
    ])('of a newer version are used as that version says: %j', async (newer) => {
      await test.catalog.setup();
      await test.catalog.adopt(tenant('TenantA'));
      const { version, readableFrom, writableFrom } = newer;
      await test.run(
        `UPDATE tenantry_catalog SET version = ${version}, readable_from = ${readableFrom}, writable_from = ${writableFrom}`,
      );
      const { catalog } = test;
      const use = async (may: boolean, attempt: () => Promise<unknown>) => {
        if (may) await attempt();
        else {
          await expect(attempt()).rejects.toMatchObject({
            code: 'TENANTRY_CATALOG_VERSION',
            hint: expect.stringContaining('upgrade'),
          });
        }
      };
      for (const attempt of reads(catalog)) await use(newer.may.includes('read'), attempt);
      const before = await test.run('SELECT * FROM tenantry_catalog');
      for (const attempt of writes(catalog)) await use(newer.may.includes('write'), attempt);
      const after = await test.run('SELECT * FROM tenantry_catalog');
      if (!newer.may.includes('write')) expect(after).toEqual(before);
      expect(after).toMatchObject([{ version }]);
    });

    it('that a newer version made without what this one reads are said to be newer', async () => {
      await test.catalog.setup();
      await test.run('UPDATE tenantry_catalog SET version = 99, readable_from = 99, writable_from = 99');
      await test.run('ALTER TABLE tenantry_tenants RENAME TO tenantry_renters');
      await expect(test.catalog.position()).rejects.toBeInstanceOf(CatalogVersionError);
      await test.run('ALTER TABLE tenantry_renters RENAME TO tenantry_tenants');
      await test.run('ALTER TABLE tenantry_tenants RENAME COLUMN epoch TO era');
      await expect(test.catalog.routesByName(['TenantA'])).rejects.toBeInstanceOf(CatalogVersionError);
    });

    it('of version 1 are brought up to date by a setup, tenants and all, and by nothing else', async () => {
      await test.catalog.setup();
      const { incarnation } = await test.catalog.position();
      const adopted = await test.catalog.adopt(tenant('TenantA'));
      for (const column of [
        'tenantry_catalog.readable_from',
        'tenantry_catalog.writable_from',
        'tenantry_tenants.fence',
      ]) {
        const [table, name] = column.split('.');
        await test.run(`ALTER TABLE ${table} DROP COLUMN ${name}`);
      }
      await test.run('ALTER TABLE tenantry_physical_names DROP COLUMN begun_at');
      await test.run('ALTER TABLE tenantry_physical_names DROP COLUMN doomed_at');
      await test.run('UPDATE tenantry_catalog SET version = 1');
      for (const attempt of [...reads(test.catalog).slice(0, -1), ...writes(test.catalog)]) {
        await expect(attempt()).rejects.toMatchObject({
          code: 'TENANTRY_CATALOG_VERSION',
          hint: expect.stringContaining('tenantry setup'),
        });
      }
      await Promise.all([test.catalog.setup(), test.another().setup()]);
      expect((await test.catalog.position()).incarnation).toBe(incarnation);
      expect(await test.catalog.findByName('TenantA')).toEqual(adopted);
      expect(await test.catalog.isTaken(adopted.placement)).toBe(true);
      expect(await test.run('SELECT begun_at FROM tenantry_physical_names WHERE begun_at IS NULL')).toEqual(
        [],
      );
    });

    it.each([
      ['status', "status = 'moving'"],
      ['isolation', "isolation = 'cluster'"],
      ['identity', "identity_check = 'signed'"],
    ])('may hold a tenant whose %s a newer version wrote: it is refused, and no other', async (_, change) => {
      await test.catalog.setup();
      for (const name of ['TenantA', 'TenantB']) await test.catalog.adopt(tenant(name));
      await test.run(`UPDATE tenantry_tenants SET ${change} WHERE name = 'TenantA'`);
      const { routes } = await test.catalog.routesByName(['TenantA', 'TenantB']);
      const [a, b] = ['TenantA', 'TenantB'].map((name) => routes.find((route) => route.name === name));
      expect(() => a && serve(a)).toThrow(CatalogVersionError);
      expect(() => b && serve(b)).not.toThrow();
      expect((await test.catalog.changesAfter(0, 10)).routes).toHaveLength(2);
      for (const attempt of [
        () => test.catalog.findByName('TenantA'),
        () => test.catalog.list({}),
        () => test.catalog.changeStatus('TenantA', 'suspended', { endSessions: true }),
      ]) {
        await expect(attempt()).rejects.toMatchObject({
          code: 'TENANTRY_CATALOG_VERSION',
          message: expect.stringContaining('TenantA'),
        });
      }
      expect((await test.catalog.findByName('TenantB'))?.status).toBe('active');
    });

    it('forget processes that died, soon, and no other', async () => {
      await test.catalog.setup();
      const record = (label: string, leaseMs: number) => ({ id: newId(), label, revision: 0, leaseMs });
      await test.catalog.heartbeat(record('dead', -120_000));
      await test.catalog.heartbeat(record('just late', -1000));
      await test.catalog.heartbeat(record('alive', 15_000));
      const rows = await test.run('SELECT label FROM tenantry_processes ORDER BY label');
      expect(rows.map(({ label }) => label)).toEqual(['alive', 'just late']);
    });

    if (engine.name === 'mysql') {
      it('take every character, also in a database of another character set', async () => {
        await test.createDatabase();
        await test.run(`ALTER DATABASE ${test.database} CHARACTER SET latin1 COLLATE latin1_swedish_ci`);
        await test.catalog.setup();
        const adopted = await test.catalog.adopt({ ...tenant('TenantA'), database: 'Größe 🐘' });
        expect((await test.catalog.findById(adopted.id))?.placement.database).toBe('Größe 🐘');
      });
    }
  }),
);

/** What is decided before anybody connects to a tenant's database. */
function serve(route: Route): void {
  assertServable(route);
  partOf(route.placement);
  if (route.placement.identity !== 'table') certifyNow({} as EngineConnection, route);
}

function tenant(name: string) {
  return { id: newId(), name, server: 'main', database: name, identity: 'table' } as const;
}
