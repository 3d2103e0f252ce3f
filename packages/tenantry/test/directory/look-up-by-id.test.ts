import { describe, expect, it } from 'vitest';
import { CatalogUnavailableError, UnknownTenantError } from '../../src/errors.js';
import { keyOf } from '../../src/tenant/ref.js';
import { directory, source, useDirectory } from './directory-support.js';

useDirectory();

describe('a look-up by id', () => {
  const [first, second] = [1, 2].map((n) => `019ac000-0000-7000-8000-00000000000${n}`) as [string, string];
  const byId = (id: string) => directory.resolve(keyOf({ id }));

  it('finds the tenant under whatever name it has, with one question for all who ask', async () => {
    source.put('acme', {}, first);
    const [one, other] = await Promise.all([byId(first), byId(first)]);
    expect(one).toBe(other);
    expect(source.queries).toEqual([[first]]);
    expect(directory.peek(keyOf('acme'))).toBe(one);
    source.put('renamed', {}, first);
    await directory.catchUp();
    expect(directory.peek(keyOf({ id: first }))?.route.name).toBe('renamed');
  });

  it('costs nothing where no tenant can have that id', async () => {
    for (const id of ['acme', first.toUpperCase(), `${first} `, "' OR 1=1"])
      await expect(byId(id)).rejects.toThrow(UnknownTenantError);
    expect(source.queries).toEqual([]);
  });

  it('remembers that there is none, in the same bounded space as for names', async () => {
    for (let time = 0; time < 3; time++) await expect(byId(first)).rejects.toThrow(UnknownTenantError);
    expect(source.queries).toHaveLength(1);
    for (let n = 0; n < 100; n++) await directory.resolve(keyOf(`nobody-${n}`)).catch(() => {});
    await expect(byId(first)).rejects.toThrow(UnknownTenantError);
    expect(source.queries.filter(([asked]) => asked === first)).toHaveLength(2);
  });

  it('forgets that there was none when it appears', async () => {
    await expect(byId(first)).rejects.toThrow(UnknownTenantError);
    source.put('acme', {}, first);
    await directory.catchUp();
    expect((await byId(first)).route.name).toBe('acme');
  });

  it('does not take a name for an id that it looks like', async () => {
    source.put(first, {}, second);
    await expect(byId(first)).rejects.toThrow(UnknownTenantError);
    expect((await directory.resolve(keyOf(first))).route.id).toBe(second);
    await expect(byId(first)).rejects.toThrow(UnknownTenantError);
  });

  it('of a deleted tenant finds nobody, though its name was taken again', async () => {
    source.put('acme', {}, first);
    await byId(first);
    source.put('acme', { status: 'deleted' }, first);
    source.put('acme', {}, second);
    await directory.catchUp();
    await expect(byId(first)).rejects.toThrow(UnknownTenantError);
    await expect(directory.resolve(keyOf({ name: 'acme', id: first }))).rejects.toThrow(UnknownTenantError);
    expect((await directory.resolve(keyOf({ name: 'acme', id: second }))).route.id).toBe(second);
    expect(directory.peek(keyOf({ name: 'acme', id: first }))).toBeUndefined();
  });

  it('asks again where the tenant changed while the answer was on its way', async () => {
    source.put('acme', {}, first);
    source.hold();
    const slow = byId(first);
    await Promise.resolve();
    source.put('acme', { epoch: 2, status: 'suspended' }, first);
    await directory.catchUp();
    source.release();
    expect((await slow).route.status).toBe('suspended');
    expect(source.queries).toHaveLength(2);
  });

  it('is served while the catalog is out of reach, as long as names are', async () => {
    source.put('acme', {}, first);
    await byId(first);
    source.isDown = true;
    expect((await byId(first)).route.id).toBe(first);
    await expect(byId(second)).rejects.toThrow(CatalogUnavailableError);
  });
});
