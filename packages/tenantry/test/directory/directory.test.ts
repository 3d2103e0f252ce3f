import { beforeEach, describe, expect, it } from 'vitest';
import { Directory, type DirectoryOptions } from '../../src/directory/directory.js';
import { CatalogUnavailableError, UnknownTenantError } from '../../src/errors.js';
import { keyOf } from '../../src/tenant/ref.js';
import type { Route } from '../../src/tenant/tenant.js';
import { ControlledCatalog } from './controlled-catalog.js';

const POLL_MS = 250;

let source: ControlledCatalog;
let directory: Directory;
let now: number;
let wall: number;
let cpu: number;
let ended: Route[];

async function build(options: Partial<DirectoryOptions> = {}): Promise<void> {
  directory = new Directory(source.catalog, {
    ttlMs: 300_000,
    absenceTtlMs: 5000,
    maxRoutes: 1000,
    maxAbsences: 100,
    pollMs: POLL_MS,
    serveForMs: 60_000,
    catalogMs: 2000,
    clocks: { monotonic: () => now, wall: () => wall, cpu: () => cpu },
    onSessionsEnd: (route) => ended.push(route),
    ...options,
  });
  await directory.catchUp();
}

/** Time passes, and the process runs. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= POLL_MS) {
    const step = Math.min(left, POLL_MS);
    now += step;
    wall += step;
    directory.beat();
  }
}

/** Time passes for both clocks, and the process does not run. */
function freeze(ms: number): void {
  now += ms;
  wall += ms;
}

beforeEach(async () => {
  source = new ControlledCatalog();
  now = 1_000_000;
  wall = 5_000_000;
  cpu = 0;
  ended = [];
  await build();
});

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
        wall += 5000;
      },
    ],
    [
      'after which the wall clock was set back',
      () => {
        wall -= 5000;
      },
    ],
    [
      'whose wall clock was set back before',
      () => {
        wall -= 3_600_000;
        wall += 5000;
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
    wall += 60_000;
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
    cpu += worked;
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
      wall += turn % 2 === 0 ? 20 : -20;
      await directory.catchUp();
      expect(directory.peek(keyOf('acme'))).toBeDefined();
    }
  });
});

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
