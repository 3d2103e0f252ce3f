import { describe, expect, it } from 'vitest';
import { databasePlacement } from '../../src/catalog/catalog.js';
import { NEVER } from '../../src/directory/entry.js';
import { RouteCache } from '../../src/directory/route-cache.js';
import type { Route } from '../../src/tenant/tenant.js';

function route(revision: number, change: Partial<Route> = {}): Route {
  return {
    id: 'id-acme',
    name: 'acme',
    status: 'active',
    incarnation: 'one',
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
    expect(cache.store(route(4, { id: 'id-old' }), 0).readAt).toBe(NEVER);
    cache.apply(route(4, { id: 'id-old', status: 'deleted' }));
    expect(cache.get('acme')).toBe(entry);
  });
});

describe('a name that has passed to another tenant', () => {
  it('stays with it when the one that had it before is deleted', () => {
    const cache = new RouteCache(10, 10);
    cache.store(route(1, { id: 'id-old', name: 'old' }), 0);
    const entry = cache.store(route(5), 0);
    // News from before, about a tenant that was called so meanwhile.
    cache.apply(route(4, { id: 'id-old', status: 'deleted' }));
    expect(cache.get('acme')).toBe(entry);
    expect(cache.get('old')).toBeUndefined();
    expect(cache.size).toBe(1);
  });
});

describe('a full cache', () => {
  const named = (name: string) => route(1, { id: `id-${name}`, name });

  it('drops what nobody asks for before what is asked for', () => {
    const cache = new RouteCache(3, 0);
    for (const name of ['a', 'b', 'c']) cache.store(named(name), 0);
    for (const name of ['d', 'e', 'f', 'g', 'h']) {
      cache.get('a');
      cache.store(named(name), 0);
      expect(cache.size).toBe(3);
    }
    expect(cache.get('a')?.route.name).toBe('a');
    expect(cache.get('b')).toBeUndefined();
  });

  it('takes a new route in though all that it holds are asked for', () => {
    const cache = new RouteCache(2, 0);
    for (let number = 0; number < 10; number++) {
      const entry = cache.store(named(`t${number}`), 0);
      expect(cache.get(`t${number}`)).toBe(entry);
      expect(cache.size).toBe(Math.min(2, number + 1));
    }
  });

  it('holds what it dropped to be fresh no more', () => {
    const cache = new RouteCache(1, 0);
    const first = cache.store(named('a'), 0);
    cache.store(named('b'), 0);
    expect(first.readAt).toBe(NEVER);
    cache.clear();
    cache.store(named('c'), 0);
    cache.store(named('d'), 0);
    expect(cache.size).toBe(1);
    expect(cache.get('d')?.route.name).toBe('d');
  });
});
