import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Watchers } from '../../src/observe/watchers.js';
import { Ceiling } from '../../src/pool/ceiling.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

describe('a server that takes fewer connections than the budget', () => {
  it('is shared as if that were the budget: everybody waits for a turn, and nobody is refused', async () => {
    const server = new ControlledServer();
    server.limit = 2;
    const pool = poolOn(server, { maxConnections: 5 });
    const served: string[] = [];
    const work = async (name: string) => {
      const lease = await pool.acquire(target(name));
      served.push(name);
      await settle();
      lease.release();
    };
    await Promise.all([...NAMES, ...NAMES].map(work));
    expect(served.sort()).toEqual([...NAMES, ...NAMES].sort());
    expect(pool.stats()).toMatchObject({ maxConnections: 5, allowed: 2, waiting: 0 });
    expect(server.mostSessions).toBe(2);
  });

  it('gives a tenant the place of another’s idle connection', async () => {
    const server = new ControlledServer();
    server.limit = 1;
    const pool = poolOn(server, { maxConnections: 5 });
    (await pool.acquire(target('a'))).release();
    const lease = await pool.acquire(target('b'));
    expect(lease.connection.database).toBe('b');
    expect(server.connections[0]?.closed).toBe(true);
  });

  it('is asked for one more after a pause, and has the whole budget again where it takes them', async () => {
    const server = new ControlledServer();
    server.limit = 1;
    const watchers = new Watchers();
    const heard: unknown[] = [];
    watchers.on('server.full', ({ server: name, allowed }) => heard.push([name, allowed]));
    watchers.on('server.freed', ({ server: name }) => heard.push([name, 'freed']));
    const pool = poolOn(server, { maxConnections: 3, watchers, fullPauseMs: 1 });
    const waiting = ['a', 'b', 'c'].map((name) => pool.acquire(target(name)));
    await settle();
    expect(pool.stats()).toMatchObject({ allowed: 1, inUse: 1, waiting: 2 });
    server.limit = 3;
    for (const lease of await Promise.all(waiting)) lease.release();
    expect(pool.stats().allowed).toBe(3);
    expect(heard).toEqual([
      ['main', expect.any(Number)],
      ['main', 'freed'],
    ]);
  });

  it('is not asked again and again while it refuses', async () => {
    const server = new ControlledServer();
    server.limit = 0;
    const pool = poolOn(server, { maxConnections: 3, fullPauseMs: 3_600_000 });
    const waiting = NAMES.map((name) => pool.acquire(target(name)).catch(() => {}));
    await settle();
    const asked = server.refusals;
    for (let turn = 0; turn < 100; turn++) {
      void pool.acquire(target('late'), { timeoutMs: 1 }).catch(() => {});
      await settle();
    }
    expect(server.refusals).toBe(asked);
    await pool.destroy();
    await Promise.all(waiting);
  });

  it('is asked ever more rarely while it refuses, and as at first after it took one', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let asked = 0;
    const home = { capacity: 5, pauseMs: 100, changed: () => asked++, full: () => {}, freed: () => {} };
    const ceiling = new Ceiling(home);
    const pauses = (count: number) =>
      Array.from({ length: count }, () => {
        ceiling.refuses(ceiling.tries(2, false), 1, new Error('Too many connections'));
        const [before, at] = [asked, Date.now()];
        while (asked === before) vi.advanceTimersByTime(100);
        return Date.now() - at;
      });
    expect(pauses(8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    ceiling.takes(ceiling.tries(2, false));
    expect(pauses(2)).toEqual([100, 200]);
    ceiling.end();
  });

  it('is the reason that a caller is given who waited in vain', async () => {
    const server = new ControlledServer();
    server.limit = 0;
    const pool = poolOn(server, { maxConnections: 3 });
    await expect(pool.acquire(target('a'), { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'TENANTRY_POOL_TIMEOUT',
      kind: 'too-many-connections',
      message: expect.stringContaining('Too many connections'),
    });
  });

  it('is not asked again in the place of one idle connection after the other', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 4, fullPauseMs: 3_600_000 });
    for (const lease of await Promise.all(['a', 'b', 'c', 'd'].map((name) => pool.acquire(target(name)))))
      lease.release();
    // Whoever else is there takes each place as soon as it is free.
    server.limit = 0;
    const waiting = pool.acquire(target('e')).catch(() => {});
    await settle();
    await settle();
    expect(server.refusals).toBe(1);
    expect(pool.stats()).toMatchObject({ idle: 3, waiting: 1 });
    await pool.destroy();
    await waiting;
  });

  it('is asked no sooner after a refused probe because something else was opened meanwhile', async () => {
    const server = new ControlledServer();
    server.limit = 2;
    const pool = poolOn(server, { maxConnections: 5, fullPauseMs: 3_600_000 });
    const first = await Promise.all([pool.acquire(target('a')), pool.acquire(target('b'))]);
    const waiting = NAMES.map((name) => pool.acquire(target(name)).catch(() => {}));
    await settle();
    const asked = server.refusals;
    // A connection in the place of another one is no word of the server about one more.
    for (const lease of first) {
      lease.destroy();
      await settle();
    }
    expect(server.refusals).toBe(asked);
    expect(pool.stats()).toMatchObject({ allowed: 2 });
    await pool.destroy();
    await Promise.all(waiting);
  });
});

describe('a tenant whose own user may have fewer connections than the budget', () => {
  const own = (name: string) => ({ ...target(name), place: { credentials: { user: name } } });

  it('waits for one of its own, and costs no other tenant anything', async () => {
    const server = new ControlledServer();
    server.limits.set('a', 2);
    const pool = poolOn(server, { maxConnections: 12 });
    for (const lease of await Promise.all(['b', 'c', 'd'].map((name) => pool.acquire(own(name)))))
      lease.release();
    const [first, second] = await Promise.all([pool.acquire(own('a')), pool.acquire(own('a'))]);
    const third = pool.acquire(own('a'));
    await settle();
    expect(pool.stats()).toMatchObject({ idle: 3, allowed: 12, waiting: 1, inUse: 2 });
    expect(server.refusals).toBe(1);
    // Others are served meanwhile.
    (await pool.acquire(own('e'))).release();
    first?.release();
    (await third).release();
    second?.release();
    expect(server.refusals).toBe(1);
  });

  it('is told so where it has none to wait for', async () => {
    const server = new ControlledServer();
    server.limits.set('a', 0);
    const pool = poolOn(server, { maxConnections: 3 });
    await expect(pool.acquire(own('a'))).rejects.toMatchObject({
      code: 'TENANTRY_SERVER_REFUSED',
      kind: 'too-many-connections',
    });
    expect(pool.stats()).toMatchObject({ allowed: 3, waiting: 0, connecting: 0 });
  });

  it('has more again when it rests, and from time to time', async () => {
    const server = new ControlledServer();
    server.limits.set('a', 1);
    const pool = poolOn(server, { maxConnections: 4 });
    const held = await pool.acquire(own('a'));
    const waiting = pool.acquire(own('a'));
    await settle();
    server.limits.delete('a');
    held.release();
    (await waiting).release();
    const both = await Promise.all([pool.acquire(own('a')), pool.acquire(own('a'))]);
    expect(both).toHaveLength(2);
  });
});
