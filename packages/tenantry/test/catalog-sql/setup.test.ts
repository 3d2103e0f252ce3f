import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine } from '../../../../test/helpers/engines.js';
import { CatalogMissingError, CatalogVersionError } from '../../src/errors.js';
import { newId } from '../../src/tenant/id.js';
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

    it('of a newer version are neither read nor written', async () => {
      await test.catalog.setup();
      await test.run('UPDATE tenantry_catalog SET version = 99');
      const { catalog } = test;
      for (const attempt of [
        () => catalog.position(),
        () => catalog.routesByName(['TenantA']),
        () => catalog.changesAfter(0, 10),
        () => catalog.adopt(tenant('TenantA')),
        () => catalog.setup(),
      ]) {
        await expect(attempt()).rejects.toBeInstanceOf(CatalogVersionError);
      }
      await expect(catalog.position()).rejects.toMatchObject({ hint: expect.stringContaining('upgrade') });
      expect(await test.run('SELECT version, revision FROM tenantry_catalog')).toHaveLength(1);
    });

    it('of an older version are brought up to date by a setup, and by nothing else', async () => {
      await test.catalog.setup();
      const before = await test.catalog.position();
      await test.run('UPDATE tenantry_catalog SET version = 0');
      await expect(test.catalog.position()).rejects.toMatchObject({
        code: 'TENANTRY_CATALOG_VERSION',
        hint: expect.stringContaining('tenantry setup'),
      });
      await test.catalog.setup();
      expect(await test.catalog.position()).toEqual(before);
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

function tenant(name: string) {
  return { id: newId(), name, server: 'main', database: name, identity: 'table' } as const;
}
