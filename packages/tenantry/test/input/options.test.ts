import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../src/errors.js';
import { assertEndOptions, assertFlag, assertFunction } from '../../src/input/call-options.js';
import { assertKnownKeys } from '../../src/input/known-keys.js';

describe('an object of options', () => {
  it('with a key that nobody reads is refused, by the key and without its value', () => {
    const slip = { tenat: 'canary' };
    expect(() => assertKnownKeys('pgPool', slip, ['tenant'])).toThrow('pgPool has no option "tenat".');
    expect(() => assertKnownKeys('pgPool', slip, ['tenant'])).not.toThrow('canary');
  });

  it('is an object', () => {
    for (const options of [null, undefined, 1, 'tenant', ['tenant'], () => {}])
      expect(() => assertKnownKeys('pgPool', options, ['tenant'])).toThrow(InvalidOptionError);
    assertKnownKeys('pgPool', { tenant: undefined }, ['tenant']);
  });
});

describe('what ends a call', () => {
  const check = (options: object) => () => assertEndOptions('query', options);

  it('is a signal, not its controller, and a time that can be kept', () => {
    const { signal } = new AbortController();
    for (const options of [{}, { signal }, { timeoutMs: 1 }, { timeoutMs: 1.5, signal: undefined }])
      expect(check(options)).not.toThrow();
    expect(check({ signal: new AbortController() })).toThrow(InvalidOptionError);
    for (const wrong of [null, {}, 'x', new EventTarget(), { aborted: true }])
      expect(check({ signal: wrong })).toThrow(InvalidOptionError);
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5', null, 5n])
      expect(check({ timeoutMs: wrong })).toThrow(InvalidOptionError);
  });
});

describe('a flag and a function', () => {
  it('are what they are called', () => {
    expect(() => assertFlag('run', 'switch', 'yes')).toThrow(InvalidOptionError);
    expect(() => assertFunction('run', undefined)).toThrow(InvalidOptionError);
    assertFlag('run', 'switch', undefined);
    assertFunction('run', () => {});
  });
});
