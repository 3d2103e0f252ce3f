import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine } from '../../../../test/helpers/engines.js';
import { type Catalog, identityOf } from '../../src/catalog/catalog.js';
import type { Provisioning } from '../../src/engine/provisioning.js';
import { type AdoptInput, adoptTenant } from '../../src/fleet/operations/adopt.js';
import { newId } from '../../src/tenant/id.js';
import { makeTestCatalog, type TestCatalog } from '../catalog-sql/test-catalog.js';
import { Sleeper } from './sleeper.js';
import { withReplaced } from './support.js';

/** The steps of an adoption, each where it stands still while another one of the same database goes on. */
const STEPS = [
  ['readIdentity', 'after'],
  ['findById', 'after'],
  ['changeIdentity', 'before'],
  ['changeIdentity', 'after'],
  ['adopt', 'before'],
  ['adopt', 'after'],
] as const;

forEachEngine((engine) => {
  describe('two adoptions of one database', () => {
    let fixture: TestCatalog;
    let test: { readonly catalog: Catalog; readonly provisioning: Provisioning };
    const database = `acme${newId().slice(-8)}`;

    beforeEach(async () => {
      fixture = await makeTestCatalog(engine);
      await fixture.catalog.setup();
      test = { catalog: fixture.catalog, provisioning: await fixture.server.provisioning() };
      await test.provisioning.createDatabase(database);
    });
    afterEach(async () => {
      await test.provisioning.dropDatabase(database);
      await fixture.close();
    });

    const input = (name: string, provisioning: Provisioning): AdoptInput => ({
      ...{ name, database, identity: 'table', dryRun: false, catalogDatabase: undefined },
      server: {
        ...{ name: 'main', server: fixture.server, isolation: 'database' },
        provisioning: () => Promise.resolve(provisioning),
      },
    });

    async function expectWhole(names: readonly string[]): Promise<void> {
      const found = await Promise.all(names.map((name) => test.catalog.findByName(name)));
      const tenants = new Map(
        found.flatMap((each) => (each === undefined ? [] : [[each.id, each] as const])),
      );
      const [tenant, ...others] = tenants.values();
      expect(others).toEqual([]);
      expect(await test.provisioning.readIdentity(database)).toEqual(tenant && identityOf(tenant));
      expect(tenant).toBeDefined();
    }

    it.each([
      { epoch: 3, state: 'active' },
      { epoch: 1, state: 'suspended' },
      { epoch: 1, state: 'creating' },
    ] as const)('is refused where an unknown tenant has come further: %o', async (further) => {
      const { catalog, provisioning } = test;
      const { incarnation } = await catalog.position();
      const said = { incarnation, tenantId: newId(), fence: 5, ...further };
      await provisioning.changeIdentity(database, undefined, said);
      await expect(adoptTenant(catalog, input('acme', provisioning))).rejects.toMatchObject({
        code: 'TENANTRY_DATABASE_EXISTS',
      });
      expect(await provisioning.readIdentity(database)).toEqual(said);
    });

    it('leaves alone what was done to the tenant before it had ended', async () => {
      const { catalog, provisioning } = test;
      let later: unknown;
      const adopt: Catalog['adopt'] = async (adopted) => {
        const tenant = await catalog.adopt(adopted);
        const said = await provisioning.readIdentity(database);
        if (said === undefined) throw new Error('It says nothing.');
        later = { ...said, epoch: 2, fence: said.fence + 1, state: 'suspended' as const };
        await provisioning.changeIdentity(database, said, later as typeof said);
        return tenant;
      };
      await adoptTenant(withReplaced<Catalog>(catalog, { adopt }), input('acme', provisioning));
      expect(await provisioning.readIdentity(database)).toEqual(later);
    });

    for (const names of [
      ['acme', 'acme'],
      ['acme', 'other'],
    ] as const) {
      const [first, second] = names;
      it.each(STEPS)(
        `as ${first} and as ${second} leave a tenant whose database says so, with the first asleep at %s (%s)`,
        async (step, when) => {
          const sleeper = new Sleeper(test, step, when);
          const asleep = adoptTenant(sleeper.catalog, input(first, sleeper.provisioning)).catch(() => {});
          await Promise.race([sleeper.asleep, asleep]);
          await adoptTenant(test.catalog, input(second, test.provisioning)).catch(() => {});
          sleeper.wake();
          await asleep;
          await expectWhole(names);
        },
      );

      it.each(STEPS)(
        `as ${first} and as ${second} do so with the second asleep at %s (%s), and the first before it registers`,
        async (step, when) => {
          const early = new Sleeper(test, 'adopt', 'before');
          const late = new Sleeper(test, step, when);
          const one = adoptTenant(early.catalog, input(first, early.provisioning)).catch(() => {});
          await early.asleep;
          const two = adoptTenant(late.catalog, input(second, late.provisioning)).catch(() => {});
          await Promise.race([late.asleep, two]);
          early.wake();
          await one;
          late.wake();
          await two;
          await expectWhole(names);
        },
      );
    }
  });
});
