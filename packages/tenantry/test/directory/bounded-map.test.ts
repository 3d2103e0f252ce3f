import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../src/directory/bounded-map.js';

describe('a full map', () => {
  it('gives up what was set longest ago', () => {
    const evicted: number[] = [];
    const map = new BoundedMap<string, number>(2, (value) => evicted.push(value));
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
      ['d', 5],
    ] as const)
      map.set(key, value);
    expect(evicted).toEqual([2, 3]);
    expect(map.get('a')).toBeUndefined();
    expect([map.get('c'), map.get('d')]).toEqual([4, 5]);
  });

  it('goes on doing so after it was emptied, by key or as a whole', () => {
    const map = new BoundedMap<number, number>(3);
    for (let round = 0; round < 3; round++) {
      for (let key = 0; key < 20; key++) map.set(key, key);
      expect([16, 17, 18, 19].map((key) => map.get(key))).toEqual([undefined, 17, 18, 19]);
      if (round === 0) for (const key of [17, 18, 19]) map.delete(key);
      else map.clear();
    }
  });

  it('keeps nothing where it may hold nothing', () => {
    const map = new BoundedMap<string, number>(0);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a') ?? map.get('b')).toBeUndefined();
  });
});
