import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import type { Provisioning } from '../../packages/tenantry/src/engine/provisioning.js';
import { mysql } from '../../packages/tenantry/src/engines/mysql/index.js';
import { postgres } from '../../packages/tenantry/src/engines/postgres/index.js';
import { sqlite } from '../../packages/tenantry/src/engines/sqlite/index.js';
import type { Identity } from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

const engines = { mysql, postgres, sqlite };
const OTHERS = '00000000-0000-7000-8000-000000000000';

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  async function suspended(suffix: string) {
    const tenancy = await openTenancy(namespace());
    const name = namespace().name(suffix);
    const { id, placement } = await tenancy.tenants.create({ name });
    await tenancy.tenants.suspend(name);
    const provisioning = await engines[engine.name].server(parseAddress(namespace().url)).provisioning();
    return { tenancy, name, id, provisioning, database: placement.database };
  }

  async function says(provisioning: Provisioning, database: string, other: Partial<Identity>) {
    const identity = await provisioning.readIdentity(database);
    if (identity === undefined) throw new Error('It says nothing.');
    const changed = { ...identity, ...other };
    await provisioning.changeIdentity(database, identity, changed);
    return changed;
  }

  describe('a suspended tenant whose database answers as another’s', () => {
    it.each([
      ['tenant', { tenantId: OTHERS }],
      ['catalog, of which this one is a copy', { incarnation: OTHERS }],
    ])('%s is not resumed, and its identity stays whatever is done', async (what, other) => {
      const { tenancy, name, id, provisioning, database } = await suspended(`other${what.length}`);
      const said = await says(provisioning, database, other);
      const error = await tenancy.tenants.resume(name).then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error).toMatchObject({ code: 'TENANTRY_IDENTITY_MISMATCH' });
      expect(error?.message).toContain(id);
      expect(error?.message).toContain(OTHERS);
      expect((await tenancy.tenants.get(name)).status).toBe('suspended');
      await tenancy.tenants.delete(name);
      expect(await provisioning.readIdentity(database)).toEqual(said);
    });

    it('takes it over only where its own id is said, and is served then', async () => {
      const { tenancy, name, id, provisioning, database } = await suspended('mine');
      await says(provisioning, database, { tenantId: OTHERS, epoch: 40, fence: 50 });
      await expect(tenancy.tenants.takeOver({ name, id: OTHERS })).rejects.toMatchObject({
        code: 'TENANTRY_UNKNOWN_TENANT',
      });
      const taken = await tenancy.tenants.takeOver({ name, id });
      expect(taken).toMatchObject({ status: 'suspended', epoch: 41, fence: 51 });
      await expect(tenancy.tenants.resume(name)).resolves.toMatchObject({ status: 'active' });
      expect(await tenancy.session(name).query('SELECT id FROM users')).toEqual([]);
      await expect(tenancy.tenants.takeOver({ name, id })).rejects.toMatchObject({
        code: 'TENANTRY_TENANT_STATUS',
      });
    });
  });

  describe('a suspended tenant whose database', () => {
    it('says nothing is not resumed', async () => {
      const { tenancy, name, provisioning, database } = await suspended('nothing');
      await provisioning.dropDatabase(database);
      await provisioning.createDatabase(database);
      await expect(tenancy.tenants.resume(name)).rejects.toMatchObject({
        code: 'TENANTRY_IDENTITY_MISMATCH',
        message: expect.stringContaining('carries no identity'),
        hint: expect.stringContaining('take-over'),
      });
      expect(await provisioning.readIdentity(database)).toBeUndefined();
    });

    it.each([{ epoch: 40 }, { fence: 40 }])('is ahead of its catalog is not resumed: %j', async (ahead) => {
      const { tenancy, name, provisioning, database } = await suspended(`ahead_${Object.keys(ahead)[0]}`);
      const said = await says(provisioning, database, ahead);
      await expect(tenancy.tenants.resume(name)).rejects.toMatchObject({
        code: 'TENANTRY_IDENTITY_MISMATCH',
        message: expect.stringContaining('ahead of its catalog'),
      });
      expect(await provisioning.readIdentity(database)).toEqual(said);
      expect((await tenancy.tenants.get(name)).status).toBe('suspended');
    });

    it('is gone is not resumed', async () => {
      const { tenancy, name, provisioning, database } = await suspended('gone');
      await provisioning.dropDatabase(database);
      await expect(tenancy.tenants.resume(name)).rejects.toMatchObject({ code: 'TENANTRY_DATABASE_MISSING' });
    });

    it('is gone is not resumed where it was known by its name only either', async () => {
      const { tenancy, provisioning } = await suspended('beside');
      const name = namespace().name('known_by_name');
      await provisioning.createDatabase(name);
      await tenancy.tenants.adopt({ name, identity: 'name' });
      await tenancy.tenants.suspend(name);
      await provisioning.dropDatabase(name);
      for (const dryRun of [true, false]) {
        await expect(tenancy.tenants.resume(name, { dryRun })).rejects.toMatchObject({
          code: 'TENANTRY_DATABASE_MISSING',
        });
      }
      expect((await tenancy.tenants.get(name)).status).toBe('suspended');
    });
  });
});
