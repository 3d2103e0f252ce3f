import { describe, expect, it } from 'vitest';
import { CatalogUnavailableError, UnknownTenantError } from '../../src/errors.js';
import { keyOf } from '../../src/tenant/ref.js';
import { build, directory, ended, pass, source, useDirectory } from './directory-support.js';

useDirectory();

describe('a look-up', () => {
  it('asks the catalog once, however many ask at the same time', async () => {
    source.put('acme');
    await Promise.all(Array.from({ length: 200 }, () => directory.resolve(keyOf('acme'))));
    expect(source.queries).toEqual([['acme']]);
  });

  it('shares its query with other names asked for in the same tick', async () => {
    for (const name of ['a', 'b', 'c']) source.put(name);
    await Promise.all(['a', 'b', 'c'].map((name) => directory.resolve(keyOf(name))));
    expect(source.queries).toHaveLength(1);
  });

  it('is answered from memory without a promise afterwards', async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    expect(directory.peek(keyOf('acme'))?.route.id).toBe('id-acme');
  });

  it.each([
    '',
    ' acme',
    'acme ',
    '../x',
    'a/b',
    'ac me',
    'acme%20',
    'ä',
    'x'.repeat(10_000),
    '__proto__',
    '-a',
  ])('of %j, which no tenant can be called, costs no query', async (name) => {
    await expect(directory.resolve({ name, id: undefined })).rejects.toThrow(UnknownTenantError);
    expect(source.queries).toEqual([]);
  });

  it('is exact in case', async () => {
    source.put('TenantA');
    await directory.resolve(keyOf('TenantA'));
    await expect(directory.resolve(keyOf('tenanta'))).rejects.toThrow(UnknownTenantError);
  });

  it('says unavailable and never unknown while the catalog is out of reach', async () => {
    source.isDown = true;
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(CatalogUnavailableError);
    source.isDown = false;
    source.put('acme');
    expect((await directory.resolve(keyOf('acme'))).route.name).toBe('acme');
  });

  it('can be left by one caller without failing the others', async () => {
    source.put('acme');
    source.hold();
    const controller = new AbortController();
    const left = directory.resolve(keyOf('acme'), controller.signal);
    const stayed = directory.resolve(keyOf('acme'));
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
    source.release();
    expect((await stayed).route.name).toBe('acme');
    expect(source.queries).toHaveLength(1);
  });
});

describe('an absence', () => {
  it('is remembered for a while', async () => {
    for (let i = 0; i < 5; i++)
      await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(UnknownTenantError);
    expect(source.queries).toHaveLength(1);
    pass(5000);
    await directory.catchUp();
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(UnknownTenantError);
    expect(source.queries).toHaveLength(2);
  });

  it('ends as soon as the poll sees the tenant', async () => {
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(UnknownTenantError);
    source.put('acme');
    await directory.catchUp();
    expect((await directory.resolve(keyOf('acme'))).route.name).toBe('acme');
  });

  it('that was read before the tenant was made does not outlive its making', async () => {
    source.hold();
    const early = directory.resolve(keyOf('acme'));
    await Promise.resolve();
    source.put('acme');
    await directory.catchUp();
    source.release();
    expect((await early).route.name).toBe('acme');
    expect(source.queries).toHaveLength(2);
  });

  it('takes bounded space in a flood of unknown names', async () => {
    for (let i = 0; i < 1000; i++) await directory.resolve(keyOf(`x${i}`)).catch(() => {});
    const before = source.queries.length;
    await directory.resolve(keyOf('x0')).catch(() => {});
    expect(source.queries.length).toBe(before + 1);
  });
});

describe('a change', () => {
  it('reaches the entry that sessions hold, in place', async () => {
    source.put('acme');
    const entry = await directory.resolve(keyOf('acme'));
    source.put('acme', { status: 'suspended', epoch: 2 });
    await directory.catchUp();
    expect(entry.route).toMatchObject({ status: 'suspended', epoch: 2 });
    expect(ended.map((route) => route.name)).toEqual(['acme']);
  });

  it('of name alone ends no session', async () => {
    source.put('acme');
    const entry = await directory.resolve(keyOf('acme'));
    source.put('acme-inc', {}, 'id-acme');
    await directory.catchUp();
    expect(entry.route.name).toBe('acme-inc');
    expect(directory.isFresh(entry)).toBe(true);
    expect(directory.peek(keyOf('acme'))).toBeUndefined();
    expect(directory.peek(keyOf('acme-inc'))).toBe(entry);
    expect(ended).toEqual([]);
  });

  it('is not overwritten by an answer that was read before it and lands after it', async () => {
    source.put('acme');
    source.hold();
    const slow = directory.resolve(keyOf('acme'));
    await Promise.resolve();
    source.put('acme', { status: 'suspended', epoch: 2 });
    await directory.catchUp();
    source.release();
    expect((await slow).route.epoch).toBe(2);
    expect(directory.peek(keyOf('acme'))?.route.epoch).toBe(2);
  });

  it('of owner: a name that was deleted and given to another tenant never leads to the old one', async () => {
    source.put('acme', {}, 'old');
    source.hold();
    const slow = directory.resolve(keyOf('acme'));
    await Promise.resolve();
    source.put('acme', { status: 'deleted', epoch: 2 }, 'old');
    source.put('acme', {}, 'new');
    await directory.catchUp();
    source.release();
    expect((await slow).route.id).toBe('new');
    expect(directory.peek(keyOf('acme'))?.route.id).toBe('new');
  });

  it('that deletes makes the name unknown', async () => {
    source.put('acme');
    const entry = await directory.resolve(keyOf('acme'));
    source.put('acme', { status: 'deleted', epoch: 2 });
    await directory.catchUp();
    expect(directory.isFresh(entry)).toBe(false);
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(UnknownTenantError);
  });

  it('is applied however many there are, in pages', async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    for (let i = 0; i < 2500; i++) source.put(`t${i}`);
    source.put('acme', { epoch: 2 });
    await directory.catchUp();
    expect(directory.revision).toBe(source.revision);
    expect(directory.peek(keyOf('acme'))?.route.epoch).toBe(2);
  });

  it('after a long sleep makes the directory forget everything instead of following', async () => {
    source.put('acme');
    const entry = await directory.resolve(keyOf('acme'));
    for (let i = 0; i < 12_000; i++) source.put(`t${i}`);
    await directory.catchUp();
    expect(directory.isFresh(entry)).toBe(false);
    expect(directory.revision).toBe(source.revision);
  });
});

describe('a catalog that is not the one from before', () => {
  it.each([
    [
      'another incarnation',
      () => {
        source.incarnation = 'two';
      },
    ],
    [
      'a revision that went back',
      () => {
        source.revision -= 1;
      },
    ],
  ])('(%s) empties the cache, absences included', async (_, change) => {
    source.put('acme');
    source.put('other');
    await directory.catchUp();
    await directory.resolve(keyOf('acme'));
    await directory.resolve(keyOf('nobody')).catch(() => {});
    change();
    await directory.catchUp();
    expect(directory.peek(keyOf('acme'))).toBeUndefined();
    const before = source.queries.length;
    await directory.resolve(keyOf('nobody')).catch(() => {});
    expect(source.queries).toHaveLength(before + 1);
  });
});

describe('expiry', () => {
  it('under concurrency is one query and never an error', async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    pass(300_000);
    await directory.catchUp();
    const before = source.queries.length;
    const entries = await Promise.all(Array.from({ length: 200 }, () => directory.resolve(keyOf('acme'))));
    expect(new Set(entries).size).toBe(1);
    expect(source.queries).toHaveLength(before + 1);
  });
});

describe('what this process has changed itself', () => {
  it('is seen at once, though the poll was asking when it was changed', async () => {
    await build();
    source.hold({ positions: true });
    const polling = directory.catchUp();
    source.put('acme');
    const seen = directory.catchUpAnew();
    source.release();
    await Promise.all([polling, seen]);
    expect(directory.revision).toBe(source.revision);
  });
});
