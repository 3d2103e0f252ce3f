import { beforeEach, describe, expect, it } from 'vitest';
import { databasePlacement } from '../../src/catalog/catalog.js';
import { CredentialStore } from '../../src/session/credentials.js';
import { Limit } from '../../src/session/limit.js';
import type { Route } from '../../src/tenant/tenant.js';

const route: Route = {
  incarnation: 'one',
  id: 'id-acme',
  name: 'acme',
  status: 'active',
  placement: databasePlacement('main', 'acme'),
  epoch: 1,
  revision: 1,
  schemaVersion: null,
};
const limit = new Limit('acme', undefined, 60_000);

describe('credentials that a server refused', () => {
  let password: string;
  let asked: number;
  let now: number;
  let store: CredentialStore;

  beforeEach(() => {
    password = 'stale';
    asked = 0;
    now = 0;
    const ask = () => {
      asked++;
      return { user: 'acme', password };
    };
    store = new CredentialStore(ask, 1000, 10, () => now);
  });

  it('are asked for at once, and the new ones serve', async () => {
    const refused = await store.get(route, limit);
    password = 'new';
    expect((await store.renew(route, refused, limit))?.credentials?.password?.reveal()).toBe('new');
    expect((await store.get(route, limit)).credentials?.password?.reveal()).toBe('new');
  });

  it('are asked for again after seconds where the first answer was still the old one', async () => {
    const refused = await store.get(route, limit);
    expect(await store.renew(route, refused, limit)).toBeUndefined();
    password = 'new';
    expect(await store.renew(route, refused, limit)).toBeUndefined();
    expect(asked).toBe(2);
    now += 1000;
    expect((await store.renew(route, refused, limit))?.credentials?.password?.reveal()).toBe('new');
  });

  it('are not asked for by every call, and never more rarely than every sixteen seconds', async () => {
    const refused = await store.get(route, limit);
    for (let second = 0; second < 100; second++, now += 1000) {
      for (let call = 0; call < 10; call++) await store.renew(route, refused, limit);
    }
    expect(asked).toBeGreaterThan(8);
    expect(asked).toBeLessThan(13);
    now += 16_000;
    password = 'new';
    expect(await store.renew(route, refused, limit)).toBeDefined();
  });

  it('are replaced for everybody by what one of them was told', async () => {
    const refused = await store.get(route, limit);
    password = 'new';
    await Promise.all(Array.from({ length: 20 }, () => store.renew(route, refused, limit)));
    await store.renew(route, refused, limit);
    expect(asked).toBe(2);
  });
});
