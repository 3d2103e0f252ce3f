import { describe, expect, it } from 'vitest';
import type { ServerPool } from '../../src/pool/server-pool.js';
import type { PoolTarget } from '../../src/pool/target.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { HandClock, poolOn } from './pool-support.js';

function loadOf(pool: ServerPool, key: string) {
  return pool.tenants(100).tenants.find(({ id }) => id === key);
}

describe('the time of a tenant on a connection', () => {
  it('begins when a place is taken for it, and so includes connecting', async () => {
    const server = new ControlledServer();
    server.automatic = false;
    const clock = new HandClock();
    const pool = poolOn(server, { maxConnections: 1, now: clock.now });
    const waiting = pool.acquire(target('far'));
    clock.ms += 40;
    server.attempts[0]?.succeed();
    const lease = await waiting;
    clock.ms += 2;
    const next = pool.acquire(target('far'));
    lease.release();
    (await next).release();
    // The second one found the connection there, and cost nothing: 42 ms, and an eighth less of it.
    void pool.take(target('far'));
    server.automatic = true;
    expect(loadOf(pool, 'far')?.meanMs).toBeCloseTo(42 * (7 / 8) + 0.1 / 8);
  });

  it('ends when its connection is reset, or is gone', async () => {
    const server = new ControlledServer();
    const clock = new HandClock();
    const pool = poolOn(server, { maxConnections: 2, maxPerKey: 1, now: clock.now });
    const lease = await pool.acquire(target('slow'));
    server.automatic = false;
    lease.destroy();
    const next = pool.acquire(target('slow'));
    await settle();
    expect(loadOf(pool, 'slow')).toMatchObject({ inUse: 1, waiting: 1 });
    clock.ms += 30;
    server.automatic = true;
    server.connections[0]?.finishClosing();
    (await next).release();
    expect(pool.stats()).toMatchObject({ inUse: 0, waiting: 0 });
  });
});

describe('a tenant whose connects hang', () => {
  it('takes no more places than its part, though its callers give up', async () => {
    const server = new ControlledServer();
    server.automatic = false;
    const pool = poolOn(server, { maxConnections: 4, maxPerKey: 2 });
    for (let caller = 0; caller < 10; caller++) {
      const controller = new AbortController();
      const waiting = pool.acquire(target('hanging'), { signal: controller.signal });
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
    }
    expect(server.attempts).toHaveLength(2);
    const others = ['a', 'b'].map((key) => pool.acquire(target(key)));
    server.automatic = true;
    for (const attempt of server.attempts.slice(2)) attempt.succeed();
    for (const lease of await Promise.all(others)) lease.release();
    for (const attempt of [...server.attempts]) attempt.fail();
    await settle();
    expect(pool.stats()).toMatchObject({ inUse: 0, waiting: 0, connecting: 0 });
  });

  it('takes no more places than its part, though callers got what others of it gave back', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 4, maxPerKey: 2 });
    const held = await pool.acquire(target('hanging'));
    server.automatic = false;
    const first = pool.acquire(target('hanging'));
    expect(server.attempts).toHaveLength(1);
    held.release();
    const lease = await first;
    const second = pool.acquire(target('hanging'));
    expect(server.attempts).toHaveLength(1);
    expect(loadOf(pool, 'hanging')).toMatchObject({ inUse: 2, waiting: 1 });
    lease.release();
    (await second).release();
    server.automatic = true;
    server.attempts[0]?.succeed();
    await settle();
    expect(pool.stats()).toMatchObject({ inUse: 0, idle: 2, waiting: 0, connecting: 0 });
  });
});

describe('the limits of a tenant', () => {
  it('are its own, and those of the server where it has none', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 4, maxPerKey: 3, acquireMs: 200 });
    const small = { ...target('small'), limits: pool.limits({ maxInUse: 1 }) };
    await pool.acquire(small);
    await expect(pool.acquire(small)).rejects.toMatchObject({ code: 'TENANTRY_POOL_TIMEOUT' });
    expect(pool.limits({ weight: 2 })).toEqual({ weight: 2, maxInUse: 3 });
    await expect(pool.acquire(small, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'TENANTRY_POOL_TIMEOUT',
    });
    const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(target('any'))));
    for (const lease of leases) lease.release();
  });

  it('hold as well where a connection is there at once', async () => {
    const pool = poolOn(new ControlledServer({ rebind: true }), { maxConnections: 3 });
    const small = { ...target('small'), limits: pool.limits({ maxInUse: 1 }) };
    const [any] = [await pool.acquire(target('any')), await pool.acquire(small)];
    any.release();
    expect(pool.take(small)).toBeUndefined();
    expect(pool.take({ ...small, key: 'other', limits: undefined })).toBeDefined();
  });

  it('give turns as long as it weighs', async () => {
    const clock = new HandClock();
    const pool = poolOn(new ControlledServer(), { maxConnections: 1, now: clock.now });
    const heavy = { ...target('heavy'), limits: pool.limits({ weight: 3 }) };
    const held = await pool.acquire(target('first'));
    const order: string[] = [];
    const wait = async (of: PoolTarget) => {
      const lease = await pool.acquire(of);
      order.push(of.key);
      clock.ms += 10;
      lease.release();
    };
    const light = target('light');
    const waiting = [1, 2, 3, 4, 5, 6].flatMap(() => [wait(light), wait(heavy)]);
    held.release();
    await Promise.all(waiting);
    expect(order.slice(0, 8).filter((key) => key === 'heavy')).toHaveLength(6);
  });
});

describe('connections that belong to their tenants for life', () => {
  it.each([1, 2])(
    'serve all that waits of a tenant within its turn before they are closed for another: %i',
    async (connections) => {
      const server = new ControlledServer();
      const clock = new HandClock();
      const pool = poolOn(server, { maxConnections: connections, now: clock.now });
      const held = await Promise.all(
        Array.from({ length: connections }, () => pool.acquire(target('first'))),
      );
      let served = 0;
      const wait = async (key: string) => {
        const lease = await pool.acquire(target(key));
        served++;
        clock.ms += 1;
        lease.release();
      };
      const waiting = Array.from({ length: 20 }, () => ['a', 'b', 'c'].map(wait)).flat();
      for (const lease of held) lease.release();
      await Promise.all(waiting);
      expect(served).toBe(60);
      // A turn is 10 ms of connection time, and all connections are held while the clock moves: so many
      // turns there are, and none costs a connection more than one change. Without turns it were sixty.
      const turns = (60 * connections) / 10;
      expect(pool.stats().totals.evictions).toBeLessThanOrEqual((turns + 2) * connections);
    },
  );
});
