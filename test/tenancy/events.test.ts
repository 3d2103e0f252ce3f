import { afterEach, describe, expect, it } from 'vitest';
import type { EventName, Tenancy, TenancyEvents } from '../../packages/tenantry/src/index.js';
import { outcome } from '../faults/setting.js';
import { engineUnderTest, forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

/** Collects events of these names. */
function collect<Name extends EventName>(tenancy: Tenancy, name: Name): TenancyEvents[Name][] {
  const told: TenancyEvents[Name][] = [];
  tenancy.on(name, (event) => void told.push(event));
  return told;
}

const IDENTITY = { mysql: 'tenantry_identity', sqlite: 'tenantry_identity', postgres: 'tenantry.identity' };

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  describe('a tenancy tells', () => {
    it('an alarm when a database is another tenant’s, and serves nobody with it', async () => {
      const maker = await openTenancy(namespace());
      const name = namespace().name('victim');
      const { id } = await maker.tenants.create({ name });
      await maker
        .session(name)
        .execute(`UPDATE ${IDENTITY[engine.name]} SET tenant_id = '0199a000-0000-7000-8000-000000000000'`);
      const tenancy = await openTenancy(namespace());
      const alarms = collect(tenancy, 'identity.mismatch');
      expect(await outcome(tenancy.session(name).query('SELECT 1'))).toBe('TENANTRY_IDENTITY_MISMATCH');
      await expect.poll(() => alarms).toHaveLength(1);
      expect(alarms[0]).toMatchObject({
        server: 'main',
        tenantId: id,
        tenant: name,
        error: { code: 'TENANTRY_IDENTITY_MISMATCH' },
      });
      await expect.poll(() => tenancy.stats().servers.main).toMatchObject({ inUse: 0, idle: 0, closing: 0 });
    });

    it('an alarm when a database is ahead of what the catalog says twice, and none when its route was old', async () => {
      const maker = await openTenancy(namespace());
      const name = namespace().name('restored');
      await maker.tenants.create({ name });
      const tenancy = await openTenancy(namespace(), { cache: { pollMs: 60_000 } });
      await tenancy.session(name).ready();
      const alarms = collect(tenancy, 'identity.mismatch');
      await maker.tenants.suspend(name);
      await maker.tenants.resume(name);
      await outcome(tenancy.session(name).query('SELECT 1'));
      // Where the catalog pushes its changes, the first of the two may be heard before the second.
      await expect.poll(() => outcome(tenancy.session(name).query('SELECT 1'))).toBe('ok');
      expect(alarms).toEqual([]);
      await maker.session(name).execute(`UPDATE ${IDENTITY[engine.name]} SET epoch = 99`);
      const fresh = await openTenancy(namespace());
      const freshAlarms = collect(fresh, 'identity.mismatch');
      expect(await outcome(fresh.session(name).query('SELECT 1'))).toBe('TENANTRY_IDENTITY_MISMATCH');
      await expect.poll(() => freshAlarms).toHaveLength(1);
    });

    it('what its connections do, and that a tenant was changed', async () => {
      const tenancy = await openTenancy(namespace());
      const [opened, closed, changed] = [
        collect(tenancy, 'connection.opened'),
        collect(tenancy, 'connection.closed'),
        collect(tenancy, 'tenant.changed'),
      ];
      const name = namespace().name('watched');
      const { id } = await tenancy.tenants.create({ name });
      await tenancy.session(name).query('SELECT 1');
      await expect
        .poll(() => opened)
        .toContainEqual(expect.objectContaining({ server: 'main', tenant: name }));
      await tenancy.tenants.suspend(name);
      await expect
        .poll(() => closed)
        .toContainEqual(expect.objectContaining({ server: 'main', tenantId: id, reason: 'ended' }));
      await expect.poll(() => changed).toHaveLength(1);
      expect(changed[0]).toMatchObject({
        tenantId: id,
        before: { status: 'active', epoch: 1 },
        after: { status: 'suspended', epoch: 2 },
      });
    });
  });
});

describe('a listener that throws', () => {
  const namespace = useNamespace(engineUnderTest('sqlite'));
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  afterEach(() => void process.off('warning', note));

  it('is a warning of the process, and harms no request', async () => {
    process.on('warning', note);
    const tenancy = await openTenancy(namespace());
    tenancy.on('connection.opened', () => {
      throw new Error('a broken listener');
    });
    await tenancy.tenants.create({ name: 'acme' });
    expect(await tenancy.session('acme').query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect
      .poll(() => warnings)
      .toContainEqual(expect.objectContaining({ code: 'TENANTRY_LISTENER_FAILED' }));
  });
});
