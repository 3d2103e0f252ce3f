import { describe, expect, it } from 'vitest';
import { NoTenantError } from '../../src/errors.js';
import { isNamedBy, isPossible, keyOf, type TenantRef } from '../../src/tenant/ref.js';

const id = '019ac000-0000-7000-8000-000000000001';

describe('a reference to a tenant', () => {
  it('is a name, an id, or both', () => {
    expect(keyOf('acme')).toEqual({ name: 'acme', id: undefined });
    expect(keyOf({ name: 'acme' })).toEqual({ name: 'acme', id: undefined });
    expect(keyOf({ id })).toEqual({ name: undefined, id });
    expect(keyOf({ name: 'acme', id })).toEqual({ name: 'acme', id });
  });

  it('may be the tenant itself', () => {
    const tenant = { name: 'acme', id, epoch: 1 };
    expect(keyOf(tenant)).toEqual({ name: 'acme', id });
  });

  it('never means less than was given', () => {
    const wrong: unknown[] = [
      undefined,
      null,
      '',
      5,
      [],
      {},
      () => 'acme',
      { name: '' },
      { name: 5 },
      { name: undefined },
      { name: undefined, id },
      { name: 'acme', id: undefined },
      { name: 'acme', id: null },
      { name: 'acme', Id: id },
      { id, nmae: 'acme' },
    ];
    for (const ref of wrong) expect(() => keyOf(ref as TenantRef), String(ref)).toThrow(NoTenantError);
  });

  it('names whom all of it fits', () => {
    const acme = { name: 'acme', id };
    for (const ref of ['acme', { id }, { name: 'acme', id }]) expect(isNamedBy(acme, keyOf(ref))).toBe(true);
    const other = id.replace(/.$/, '2');
    for (const ref of ['Acme', { id: other }, { name: 'acme', id: other }, { name: 'other', id }])
      expect(isNamedBy(acme, keyOf(ref))).toBe(false);
  });

  it('that no tenant can have is known as such', () => {
    expect(isPossible(keyOf({ name: 'acme', id }))).toBe(true);
    for (const ref of ['../x', { id: 'acme' }, { id: id.toUpperCase() }, { name: 'acme', id: `${id} ` }])
      expect(isPossible(keyOf(ref))).toBe(false);
  });
});
