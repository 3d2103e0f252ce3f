import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import type { Engine } from '../../packages/tenantry/src/engine/engine.js';
import type { Provisioning } from '../../packages/tenantry/src/engine/provisioning.js';
import { mysql } from '../../packages/tenantry/src/engines/mysql/index.js';
import { postgres } from '../../packages/tenantry/src/engines/postgres/index.js';
import { sqlite } from '../../packages/tenantry/src/engines/sqlite/index.js';
import {
  DatabaseMissingError,
  type Identity,
  IdentityMismatchError,
  type Tenant,
  type TenantStatus,
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

  async function change(provisioning: Provisioning, database: string, said: Partial<Identity>) {
    const identity = await provisioning.readIdentity(database);
    if (identity !== undefined)
      await provisioning.changeIdentity(database, identity, { ...identity, ...said });
  }

  describe('a tenant database', () => {
    it('that says it is another tenant’s is not used', async () => {
      const session = await tamperedTenant('another', (provisioning, { placement }) =>
        change(provisioning, placement.database, { tenantId: '00000000-0000-7000-8000-000000000000' }),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(IdentityMismatchError);
    });

    it('that says it is the same tenant’s of a copied catalog is not used', async () => {
      const session = await tamperedTenant('copied', (provisioning, { placement }) =>
        change(provisioning, placement.database, { incarnation: '00000000-0000-4000-8000-000000000000' }),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(IdentityMismatchError);
    });

    it.each([
      ['is deleted', { state: 'deleted' }],
      ['is of a state that nobody knows', { state: 'frozen' as TenantStatus }],
    ] as const)('that says it %s is not used', async (_, said) => {
      const session = await tamperedTenant(said.state, (provisioning, { placement }) =>
        change(provisioning, placement.database, said),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toThrow(IdentityMismatchError);
    });

    it('that carries the identity of an older tenantry is not used, and that is said', async () => {
      const session = await tamperedTenant('old', (provisioning, { placement }) =>
        provisioning.runScript(
          placement.database,
          engine.name === 'postgres'
            ? 'ALTER TABLE tenantry.identity DROP COLUMN incarnation'
            : `DROP TABLE tenantry_identity;
               CREATE TABLE tenantry_identity (id INT PRIMARY KEY, tenant_id CHAR(36), epoch INT, state VARCHAR(16));
               INSERT INTO tenantry_identity VALUES (1, 'x', 1, 'active');`,
        ),
      );
      await expect(session.query('SELECT id FROM users')).rejects.toMatchObject({
        code: 'TENANTRY_IDENTITY_MISMATCH',
        message: expect.stringContaining('did not write'),
      });
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
      const session = await tamperedTenant(`epoch${epoch}`, (provisioning, { placement }) =>
        change(provisioning, placement.database, { epoch }),
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
