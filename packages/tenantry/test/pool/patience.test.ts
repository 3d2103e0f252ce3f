import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AbortedError } from '../../src/errors.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { busy, HandClock, poolOn } from './pool-support.js';

// How long a caller is patient is a matter of milliseconds, which a busy machine has no respect for.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** A full pool on a server on which connecting takes long: `a` and `b` have a connection each. */
async function fullPool(connectMs: number, maxConnections = 2) {
  const server = new ControlledServer({ rebind: false });
  const clock = new HandClock();
  const pool = poolOn(server, { maxConnections, cancels: false, now: clock.now });
  const open = async (name: string) => {
    server.automatic = false;
    const lease = pool.acquire(target(name));
    await settle();
    clock.ms += connectMs;
    server.attempts[0]?.succeed();
    server.automatic = true;
    return lease;
  };
  const ofA = await open('a');
  const ofB = await open('b');
  return { server, clock, pool, ofA, ofB };
}

describe('a caller whose tenant uses a connection, in a full pool', () => {
  it('waits for that one, though an idle one of another tenant could be closed for it', async () => {
    const { server, pool, ofA, ofB } = await fullPool(25);
    ofB.release();
    const second = pool.acquire(target('a'));
    await settle();
    const { connection } = ofA;
    ofA.release();
    expect((await second).connection).toBe(connection);
    expect(server.connections).toHaveLength(2);
    expect(pool.stats()).toMatchObject({ inUse: 1, idle: 1, totals: { evictions: 0, opened: 2 } });
    (await second).release();
    expect(busy(pool)).toEqual([]);
  });

  it('gets one of its own after all, if that takes longer than it would take to open one', async () => {
    const { server, pool, ofA, ofB } = await fullPool(1);
    ofB.release();
    const waiting = pool.acquire(target('a'));
    await vi.advanceTimersByTimeAsync(2);
    const second = await waiting;
    expect(second.connection).toBe(server.connections[2]);
    expect(server.connections[1]?.closed).toBe(true);
    expect(pool.stats()).toMatchObject({ inUse: 2, idle: 0, totals: { evictions: 1, opened: 3 } });
    ofA.release();
    second.release();
    expect(busy(pool)).toEqual([]);
  });

  it('queues again, if nothing is idle any more then', async () => {
    const { pool, ofA, ofB } = await fullPool(1);
    ofB.release();
    const second = pool.acquire(target('a'));
    await settle();
    const again = pool.take(target('b'));
    expect(again).toBeDefined();
    await vi.advanceTimersByTimeAsync(2);
    expect(busy(pool).find(({ id }) => id === 'a')?.waiting).toBe(1);
    ofA.release();
    (await second).release();
    again?.release();
    expect(busy(pool)).toEqual([]);
  });

  it('waits in vain on nobody’s account when it gives up', async () => {
    const { server, pool, ofA, ofB } = await fullPool(25);
    ofB.release();
    const controller = new AbortController();
    const second = pool.acquire(target('a'), { signal: controller.signal });
    await settle();
    controller.abort();
    await expect(second).rejects.toThrow(AbortedError);
    expect(busy(pool)).toMatchObject([{ id: 'a', inUse: 1, waiting: 0 }]);
    ofA.release();
    expect(busy(pool)).toEqual([]);
    expect(server.connections).toHaveLength(2);
  });

  it('does not wait where connecting takes no time', async () => {
    const { server, pool, ofB } = await fullPool(0);
    ofB.release();
    const second = pool.acquire(target('a'));
    await settle();
    expect(server.connections).toHaveLength(3);
    (await second).release();
  });

  it('is let go when the pool is destroyed', async () => {
    const { pool, ofA, ofB } = await fullPool(25);
    ofB.release();
    const second = pool.acquire(target('a'));
    const refused = expect(second).rejects.toMatchObject({ code: 'TENANTRY_CLOSED' });
    await settle();
    await pool.destroy();
    await refused;
    ofA.release();
    expect(pool.stats()).toMatchObject({ inUse: 0, idle: 0, waiting: 0 });
  });
});

describe('a connection of which its tenant has more than it uses', () => {
  it('is the first to go, however much the tenant is used', async () => {
    const server = new ControlledServer({ rebind: false });
    const pool = poolOn(server, { maxConnections: 3, cancels: false });
    const [one, two] = [await pool.acquire(target('busy')), await pool.acquire(target('busy'))];
    one.release();
    two.release();
    (await pool.acquire(target('quiet'))).release();
    for (let i = 0; i < 20; i++) (await pool.acquire(target('busy'))).release();
    (await pool.acquire(target('new'))).release();
    expect(pool.take(target('busy'))).toBeDefined();
    expect(pool.take(target('quiet'))).toBeDefined();
    expect(server.connections).toHaveLength(4);
  });
});
