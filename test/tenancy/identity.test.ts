import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import type { Engine } from '../../packages/tenantry/src/engine/engine.js';
import type { Provisioning } from '../../packages/tenantry/src/engine/provisioning.js';
import { mysql } from '../../packages/tenantry/src/engines/mysql/index.js';
import { postgres } from '../../packages/tenantry/src/engines/postgres/index.js';
import { sqlite } from '../../packages/tenantry/src/engines/sqlite/index.js';
import {
  DatabaseMissingError,
  IdentityMismatchError,
  type Tenant,
} from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

const engines: Readonly<Record<string, Engine>> = { mysql, postgres, sqlite };

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  /** A tenant whose database is tampered with before this process connects to it. */
  async function tamperedTenant(
    suffix: string,
    tamper: (provisioning: Provisioning, tenant: Tenant) => Promise<void>,
  ) {
    const tenancy = await openTenancy(namespace());
    const name = namespace().name(suffix);
    const tenant = await tenancy.tenants.create({ name });
    const server = engines[engine.name]?.server(parseAddress(namespace().url));
    const provisioning = await server?.provisioning();
    if (provisioning === undefined) throw new Error(`There is no engine ${engine.name}.`);
    await tamper(provisioning, tenant);
    return tenancy.session(name);
  }

  describe('a tenant database', () => {
    it('that says it is another tenant’s is not used', async () => {
      const session = await tamperedTenant('another', (provisioning, { placement }) =>
        provisioning.writeIdentity(placement.database, {
          tenantId: '00000000-0000-7000-8000-000000000000',
          epoch: 1,
          state: 'active',
        }),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(IdentityMismatchError);
    });

    it('that says nothing is not used', async () => {
      const table = engine.name === 'postgres' ? 'tenantry.identity' : 'tenantry_identity';
      const session = await tamperedTenant('nobody', (provisioning, { placement }) =>
        provisioning.runScript(placement.database, `DROP TABLE ${table};`),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(IdentityMismatchError);
    });

    it.each([
      ['behind the catalog, as a restored backup is', 0],
      ['ahead of the catalog, as after a restored catalog', 2],
    ])('that is %s is not used', async (_, epoch) => {
      const session = await tamperedTenant(`epoch${epoch}`, (provisioning, { id, placement }) =>
        provisioning.writeIdentity(placement.database, { tenantId: id, epoch, state: 'active' }),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(IdentityMismatchError);
    });

    it('that is gone is said to be missing', async () => {
      const session = await tamperedTenant('gone', (provisioning, { placement }) =>
        provisioning.dropDatabase(placement.database),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(DatabaseMissingError);
    });

    it('that may not be written to is known by its name, and nothing is written into it', async () => {
      const tenancy = await openTenancy(namespace());
      const [database, name] = [namespace().name('Legacy'), namespace().name('adopted')];
      const server = engines[engine.name]?.server(parseAddress(namespace().url));
      const provisioning = await server?.provisioning();
      await provisioning?.createDatabase(database);
      await provisioning?.runScript(database, 'CREATE TABLE users (id INT); INSERT INTO users VALUES (7);');
      await tenancy.tenants.adopt({ name, database, identity: 'name' });
      expect(await tenancy.session(name).query('SELECT id FROM users')).toEqual([{ id: 7 }]);
      expect(await provisioning?.readIdentity(database)).toBeUndefined();
    });
  });
});
