import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EngineUnderTest, forEachEngine } from '../../../../test/helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../../../../test/helpers/shared-database.js';
import { type Catalog, identityOf } from '../../src/catalog/catalog.js';
import { parseAddress } from '../../src/engine/address.js';
import type { EngineServer } from '../../src/engine/engine.js';
import { partOf } from '../../src/engine/place.js';
import type { Provisioning } from '../../src/engine/provisioning.js';
import { postgres } from '../../src/engines/postgres/index.js';
import { type CreateInput, createTenant } from '../../src/fleet/operations/create.js';
import { newId } from '../../src/tenant/id.js';
import type { Isolation, Tenant } from '../../src/tenant/tenant.js';
import { makeTestCatalog, type TestCatalog } from '../catalog-sql/test-catalog.js';
import { Sleeper } from './sleeper.js';

/** The steps of a creation, each where the first owner falls asleep: `2` is the second call of that step. */
const STEPS = [
  ['databaseExists', 'after'],
  ['beginDatabase', 'before'],
  ['beginDatabase', 'after'],
  ['createDatabase', 'after'],
  ['changeIdentity', 'before'],
  ['changeIdentity', 'after'],
  ['runScript', 'before'],
  ['runScript', 'after'],
  ['changeIdentity 2', 'before'],
  ['changeIdentity 2', 'after'],
  ['finishCreate', 'before'],
] as const;

/** Where rows are marked nothing is made but the mark. */
const STEPS_OF_ROWS = STEPS.filter(([step]) => /createDatabase|changeIdentity|finishCreate/.test(step));

forEachEngine((engine) => {
  const isolations: readonly Isolation[] =
    engine.name === 'postgres' ? ['database', 'schema', 'row'] : ['database'];
  describe.each(isolations)('a creation whose owner sleeps past its lease, isolation %s', (isolation) => {
    let test: Test;

    beforeEach(async () => {
      test = await prepare(engine, isolation);
    });
    afterEach(() => test.close());

    it.each(isolation === 'row' ? STEPS_OF_ROWS : STEPS)(
      'and wakes at %s (%s) harms nothing of what another has finished',
      async (step, when) => {
        const first = new Sleeper(test, step, when);
        const creation = createTenant(first.catalog, test.input(first.provisioning, -1000));
        await first.asleep;
        const tenant = await createTenant(test.catalog, test.input(test.provisioning));
        await test.write(tenant);
        first.wake();
        await expect(creation).rejects.toMatchObject({ code: 'TENANTRY_TENANT_BUSY' });
        await test.expectWhole(tenant);
      },
    );

    it('and wakes while it undoes what failed drops nothing of a tenant that was made since', async () => {
      const first = new Sleeper(test, isolation === 'row' ? 'changeIdentity 2' : 'dropDatabase', 'before');
      const controller = new AbortController();
      const input = { ...test.input(first.provisioning), script: 'no SQL at all', signal: controller.signal };
      if (isolation === 'row') controller.abort();
      const creation = createTenant(first.catalog, input);
      await first.asleep;
      const tenant = await createTenant(test.catalog, test.input(test.provisioning));
      await test.write(tenant);
      first.wake();
      await expect(creation).rejects.toMatchObject({
        code: expect.stringMatching(/PROVISION_FAILED|ABORTED/),
      });
      await test.expectWhole(tenant);
    });
  });
});

interface Test {
  readonly catalog: Catalog;
  readonly provisioning: Provisioning;
  input(provisioning: Provisioning, leaseMs?: number): CreateInput;
  /** Somebody uses the tenant. */
  write(tenant: Tenant): Promise<void>;
  /** The tenant is served, its database says so and has what was written, and nothing is there beside it. */
  expectWhole(tenant: Tenant): Promise<void>;
  close(): Promise<void>;
}

async function prepare(engine: EngineUnderTest, isolation: Isolation): Promise<Test> {
  const fixture: TestCatalog = await makeTestCatalog(engine);
  const { catalog } = fixture;
  await catalog.setup();
  const namespace = isolation === 'database' ? undefined : await engine.openNamespace();
  const shared: SharedDatabase | undefined = namespace && (await openSharedDatabase(namespace));
  const server: EngineServer =
    shared === undefined ? fixture.server : postgres.server(parseAddress(shared.url));
  const provisioning = await server.provisioning();
  const name = `acme${newId().slice(-8)}`;
  const listed = async () => {
    if (isolation === 'row') return [];
    if (shared === undefined)
      return (await provisioning.listDatabases()).filter((each) => each.startsWith(name));
    const schemas = await shared.owner(
      `SELECT nspname FROM pg_namespace WHERE starts_with(nspname, '${name}')`,
    );
    return schemas.map(({ nspname }) => String(nspname));
  };
  return {
    catalog,
    provisioning,
    input: (own, leaseMs = 15_000) => ({
      name,
      server: { name: 'main', server, isolation, provisioning: () => Promise.resolve(own) },
      metadata: {},
      script: 'CREATE TABLE users (id INTEGER)',
      owner: { id: newId(), label: 'a test', revision: 0, leaseMs },
      signal: undefined,
    }),
    async write({ placement }) {
      if (isolation === 'row') return;
      const part = partOf(placement);
      await provisioning.runScript(placement.database, 'INSERT INTO users VALUES (7)', { part });
    },
    async expectWhole(tenant) {
      expect(await catalog.findByName(name)).toEqual(tenant);
      const { placement } = tenant;
      const part = partOf(placement);
      expect(await provisioning.readIdentity(placement.database, { part })).toEqual(identityOf(tenant));
      if (isolation === 'row') return;
      expect(await listed()).toEqual([placement.schema ?? placement.database]);
      const connection = await server.open(placement.database, { timeoutMs: 5000, part });
      const { rows } = await connection.query('SELECT id FROM users');
      await connection.close();
      expect(rows).toEqual([{ id: 7 }]);
    },
    async close() {
      for (const each of isolation === 'database' ? await listed() : [])
        await provisioning.dropDatabase(each);
      await shared?.close();
      await namespace?.close();
      await fixture.close();
    },
  };
}
