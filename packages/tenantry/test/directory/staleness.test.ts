import { beforeEach, describe, expect, it } from 'vitest';
import { CatalogRefusedError, CatalogUnavailableError } from '../../src/errors.js';
import { keyOf } from '../../src/tenant/ref.js';
import {
  build,
  clocks,
  directory,
  freeze,
  POLL_MS,
  pass,
  source,
  useDirectory,
} from './directory-support.js';

useDirectory();

describe('while the catalog is out of reach', () => {
  beforeEach(async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    source.isDown = true;
    await directory.catchUp().catch(() => {});
  });

  it('known tenants are served to the stated limit and not beyond', async () => {
    pass(59_999);
    expect(directory.peek(keyOf('acme'))).toBeDefined();
    pass(1);
    expect(directory.peek(keyOf('acme'))).toBeUndefined();
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(CatalogUnavailableError);
  });

  it('because it refuses its user, they are served to the same limit', async () => {
    source.refusal = new CatalogRefusedError('The catalog refused user app.');
    await build({ ttlMs: 1000 }).catch(() => {});
    source.isDown = false;
    await directory.catchUp();
    await directory.resolve(keyOf('acme'));
    source.isDown = true;
    pass(59_000);
    expect((await directory.resolve(keyOf('acme'))).route.name).toBe('acme');
    pass(1000);
    await expect(directory.resolve(keyOf('acme'))).rejects.toBe(source.refusal);
  });

  it('a route whose TTL runs out is served on, and the catalog not asked for every request', async () => {
    await build({ ttlMs: 1000 }).catch(() => {});
    source.isDown = false;
    await directory.catchUp();
    await directory.resolve(keyOf('acme'));
    source.isDown = true;
    pass(1000);
    const before = source.queries.length;
    for (let i = 0; i < 10; i++) expect((await directory.resolve(keyOf('acme'))).route.name).toBe('acme');
    expect(source.queries).toHaveLength(before + 1);
  });
});

describe('after a freeze', () => {
  beforeEach(async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    pass(1000);
    await directory.catchUp();
    source.put('acme', { status: 'suspended', epoch: 2 });
  });

  const freezes: readonly [string, () => void][] = [
    ['of the process', () => freeze(5000)],
    [
      'of the process, noticed by its own timer',
      () => {
        freeze(5000);
        directory.beat();
      },
    ],
    [
      'of the machine, in which the monotonic clock stood still',
      () => {
        clocks.wall += 5000;
      },
    ],
    [
      'after which the wall clock was set back',
      () => {
        clocks.wall -= 5000;
      },
    ],
    [
      'whose wall clock was set back before',
      () => {
        clocks.wall -= 3_600_000;
        clocks.wall += 5000;
      },
    ],
  ];

  it.each(freezes)('(%s) nothing is served before the catalog was asked', async (_, happen) => {
    expect(directory.peek(keyOf('acme'))).toBeDefined();
    happen();
    expect(directory.peek(keyOf('acme'))).toBeUndefined();
    expect((await directory.resolve(keyOf('acme'))).route.status).toBe('suspended');
    expect(source.queries).toHaveLength(2);
  });

  it.each(freezes)('(%s) memory is believed again once the catalog has answered', async (_, happen) => {
    happen();
    await directory.catchUp();
    expect(directory.peek(keyOf('acme'))?.route.status).toBe('suspended');
    pass(1000);
    expect(directory.peek(keyOf('acme'))).toBeDefined();
  });

  it('an answer that was on its way meanwhile is asked for again', async () => {
    source.put('globex');
    source.hold();
    const slow = directory.resolve(keyOf('globex'));
    await Promise.resolve();
    source.put('globex', { status: 'suspended', epoch: 2 });
    freeze(5000);
    source.release();
    expect((await slow).route.status).toBe('suspended');
  });

  it('a poll whose answer was on its way meanwhile confirms nothing', async () => {
    await directory.catchUp();
    source.hold({ positions: true });
    const slow = directory.catchUp();
    source.put('acme', { status: 'active', epoch: 3 });
    freeze(5000);
    source.release();
    await slow;
    expect(directory.peek(keyOf('acme'))).toBeUndefined();
    expect((await directory.resolve(keyOf('acme'))).route.epoch).toBe(3);
  });

  it('an absence is not believed either', async () => {
    await directory.resolve(keyOf('globex')).catch(() => {});
    source.put('globex');
    freeze(600);
    expect((await directory.resolve(keyOf('globex'))).route.name).toBe('globex');
  });

  it('in which the catalog went out of reach, known tenants are served to the stated limit', async () => {
    source.isDown = true;
    freeze(5000);
    expect((await directory.resolve(keyOf('acme'))).route.name).toBe('acme');
    const before = source.queries.length;
    await directory.resolve(keyOf('acme'));
    expect(source.queries).toHaveLength(before);
    pass(55_000);
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(CatalogUnavailableError);
  });

  it('no longer than that, by whichever clock counted more', async () => {
    source.isDown = true;
    clocks.wall += 60_000;
    await expect(directory.resolve(keyOf('acme'))).rejects.toThrow(CatalogUnavailableError);
  });
});

describe('a caller who cannot wait for the catalog', () => {
  beforeEach(async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
  });

  it.each([
    ['after seconds of work of his own', 10_000, 9000],
    ['on a machine that was busy for a moment', 2000, 0],
  ])('is served from memory %s', (_, ms, worked) => {
    freeze(ms);
    clocks.cpu += worked;
    expect(directory.peek(keyOf('acme'))).toBeUndefined();
    expect(directory.peek(keyOf('acme'), false)).toBeDefined();
  });

  it('is served nothing after a freeze, until the catalog has been asked', async () => {
    freeze(5000);
    directory.beat();
    expect(directory.peek(keyOf('acme'), false)).toBeUndefined();
    await directory.catchUp();
    expect(directory.peek(keyOf('acme'), false)).toBeDefined();
  });
});

describe('a process that is merely slow', () => {
  it('does not ask more than it must', async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    for (let late = 0; late < 100; late++) {
      freeze(POLL_MS + 200);
      expect(directory.peek(keyOf('acme'))).toBeDefined();
      directory.beat();
    }
  });

  it('nor where its clocks run apart a little', async () => {
    source.put('acme');
    await directory.resolve(keyOf('acme'));
    for (let turn = 0; turn < 1000; turn++) {
      pass(POLL_MS);
      clocks.wall += turn % 2 === 0 ? 20 : -20;
      await directory.catchUp();
      expect(directory.peek(keyOf('acme'))).toBeDefined();
    }
  });
});
