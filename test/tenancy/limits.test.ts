import { describe, expect, it } from 'vitest';
import type { LimitsOf, Tenancy } from '../../packages/tenantry/src/index.js';
import { forEachServerEngine, outcome, slow } from '../faults/setting.js';
import { engineUnderTest, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);

  async function open(limits: LimitsOf, ...suffixes: readonly string[]): Promise<[Tenancy, ...string[]]> {
    const servers = { main: { url: namespace().url, maxConnections: 5 } };
    const timeouts = { queryMs: 60_000, acquireMs: 60_000 };
    const tenancy = await openTenancy(namespace(), { servers, limits, timeouts });
    const names = suffixes.map((suffix) => namespace().name(suffix));
    for (const tenant of names) await tenancy.tenants.create({ name: tenant });
    return [tenancy, ...names];
  }

  describe('a tenant that may use one connection', () => {
    it('uses one, while another uses what it may', async () => {
      const [tenancy, small = '', large = ''] = await open(
        (route) => (route.name.endsWith('small') ? { maxConnections: 1 } : undefined),
        'small',
        'large',
      );
      const controller = new AbortController();
      const calls = [small, large].flatMap((tenant) =>
        [1, 2, 3].map(() =>
          outcome(tenancy.session(tenant).query(slow(name, 600), [], { signal: controller.signal })),
        ),
      );
      const ids = await Promise.all(
        [small, large].map(async (tenant) => (await tenancy.session(tenant).ready()).id),
      );
      const inUse = () =>
        ids.map((id) => tenancy.stats().servers.main?.tenants.find((tenant) => tenant.id === id)?.inUse);
      await expect.poll(inUse).toEqual([1, 3]);
      expect(await outcome(tenancy.session(small).query('SELECT 1', [], { timeoutMs: 50 }))).toBe(
        'TENANTRY_POOL_TIMEOUT',
      );
      controller.abort();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['TENANTRY_ABORTED']));
    });
  });

  describe('a tenant whose statements have a time of their own', () => {
    it('has them cancelled after that, unless the call says otherwise; another tenant’s go on', async () => {
      const [tenancy, hasty = '', patient = ''] = await open(
        (route) => (route.name.endsWith('hasty') ? { statementTimeoutMs: 300 } : undefined),
        'hasty',
        'patient',
      );
      const statement = slow(name, 0.6);
      const call = (tenant: string, timeoutMs?: number) =>
        outcome(tenancy.session(tenant).query(statement, [], { timeoutMs }));
      // The first call of a session is not bound to its tenant yet when it begins.
      expect(await call(hasty)).toBe('TENANTRY_TIMEOUT');
      expect(await call(hasty, 60_000)).toBe('ok');
      expect(await call(patient)).toBe('ok');
      const inside = tenancy.session(hasty).transaction((tx) => tx.query(statement));
      expect(await outcome(inside)).toBe('TENANTRY_TIMEOUT');
    });
  });
});

describe('limits', () => {
  const namespace = useNamespace(engineUnderTest('sqlite'));

  it('are asked for once for a route, not for each statement', async () => {
    let asked = 0;
    // Where the process stalls for longer than the poll, routes are read again.
    const tenancy = await openTenancy(namespace(), {
      limits: () => void asked++ as undefined,
      cache: { pollMs: 60_000 },
    });
    await tenancy.tenants.create({ name: 'acme' });
    for (let call = 0; call < 5; call++) await tenancy.session('acme').query('SELECT 1');
    expect(asked).toBe(1);
  });

  it.each([
    ['threw an error', () => JSON.parse('{')],
    ['no limit', () => ({ maxConnection: 1 })],
    ['not 1 to 10000', () => ({ maxConnections: 0 })],
    ['not 1 to 10000', () => ({ maxConnections: 1.5 })],
    ['not 0.1 to 100', () => ({ weight: Number.NaN })],
    ['not 1 to 86400000', () => ({ statementTimeoutMs: '5' })],
    ['no object', () => 5],
    ['no object', () => [2]],
    ['a promise', async () => ({ maxConnections: 1 })],
    ['a promise', () => Promise.reject(new Error('nobody awaits it'))],
  ])('that make no sense are refused by name: %s', async (message, limits) => {
    const tenancy = await openTenancy(namespace(), { limits: limits as LimitsOf });
    await tenancy.tenants.create({ name: 'acme' }).catch(() => undefined);
    await expect(tenancy.session('acme').query('SELECT 1')).rejects.toMatchObject({
      code: 'TENANTRY_INVALID_OPTION',
      message: expect.stringContaining(message),
      tenant: 'acme',
    });
  });

  it('are what they were when they were checked', async () => {
    let asked = 0;
    const limits = () => ({
      get statementTimeoutMs() {
        return asked++ === 0 ? 60_000 : 'soon';
      },
    });
    const tenancy = await openTenancy(namespace(), { limits: limits as unknown as LimitsOf });
    await tenancy.tenants.create({ name: 'acme' }).catch(() => undefined);
    expect(await tenancy.session('acme').query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(asked).toBe(1);
  });

  it('must be a function', async () => {
    await expect(openTenancy(namespace(), { limits: {} as LimitsOf })).rejects.toThrow(
      /limits must be a function/,
    );
  });
});
