import { describe, expect, it } from 'vitest';
import { checkedMetadata } from '../../src/tenant/metadata.js';

describe('metadata', () => {
  it.each([
    ['2^53', { n: 2 ** 53 }],
    ['what a JSON text beyond it is read as', JSON.parse('{"deep": [{"n": 9007199254740993}]}')],
    ['the same below zero', { n: -(2 ** 53) }],
    ['what a toJSON makes of it', { n: { toJSON: () => 1e300 } }],
    ['no number', { n: Number.NaN }],
    ['what is too large for a number', JSON.parse('{"n": 1e400}')],
  ])('that would be kept as something else is refused: %s', (_what, metadata) => {
    expect(() => checkedMetadata(metadata)).toThrow(
      expect.objectContaining({
        code: 'TENANTRY_INVALID_INPUT',
        message: expect.stringContaining('"n"'),
        hint: expect.stringContaining('as a text'),
      }),
    );
  });

  it('is kept as it is up to there', () => {
    const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER, MAX_VALUE } = Number;
    const metadata = { numbers: [MAX_SAFE_INTEGER, MIN_SAFE_INTEGER, 0.1, 1.5e-7], text: '9007199254740993' };
    expect(checkedMetadata(metadata)).toEqual(metadata);
    expect(() => checkedMetadata({ n: MAX_VALUE })).toThrow('beyond 2^53');
  });
});
