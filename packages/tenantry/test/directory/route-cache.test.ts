import { describe, expect, it } from 'vitest';
import { databasePlacement } from '../../src/catalog/catalog.js';
import { RouteCache } from '../../src/directory/route-cache.js';
import type { Route } from '../../src/tenant/tenant.js';

function route(revision: number, change: Partial<Route> = {}): Route {
  return {
    id: 'id-acme',
    name: 'acme',
    status: 'active',
    placement: databasePlacement('main', 'acme'),
    epoch: 1,
    schemaVersion: null,
    revision,
    ...change,
  };
}

describe('a newer route', () => {
  it('is overwritten by no older change', () => {
    const cache = new RouteCache(10, 10);
    const entry = cache.store(route(5, { epoch: 2 }), 0);
    expect(cache.apply(route(4))).toBeUndefined();
    expect(entry.route.epoch).toBe(2);
  });

  it('is overwritten by no older answer', () => {
    const cache = new RouteCache(10, 10);
    const entry = cache.store(route(5, { epoch: 2 }), 0);
    expect(cache.store(route(4), 0)).toBe(entry);
    expect(entry.route.epoch).toBe(2);
  });

  it('keeps its name from an older tenant that had it before', () => {
    const cache = new RouteCache(10, 10);
    const entry = cache.store(route(5), 0);
    expect(cache.store(route(4, { id: 'id-old' }), 0).live).toBe(false);
    cache.apply(route(4, { id: 'id-old', status: 'deleted' }));
    expect(cache.get('acme')).toBe(entry);
  });
});

describe('an entry that was pushed out', () => {
  it('is not held to be alive', () => {
    const cache = new RouteCache(1, 0);
    const first = cache.store(route(1), 0);
    cache.store(route(2, { id: 'id-b', name: 'b' }), 0);
    expect(first.live).toBe(false);
    expect(cache.size).toBe(1);
  });
});
