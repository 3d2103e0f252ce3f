import { describe, expect, it } from 'vitest';
import { LeaseEndedError, PoolFullError, PoolTimeoutError } from '../../src/errors.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { HandClock, poolOn } from './pool-support.js';

describe('a connection that was released clean', () => {
  it('serves the same tenant again, without a promise', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server);
    (await pool.acquire(target('a'))).release();
    expect(pool.take(target('a'))).toBeDefined();
    expect(server.connections).toHaveLength(1);
  });

  it('is never given to another tenant', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    expect(pool.take(target('b'))).toBeUndefined();
    const lease = await pool.acquire(target('b'));
    expect(lease.connection.database).toBe('b');
    expect(server.connections[0]?.closed).toBe(true);
  });

  it('is never given to the same tenant at another epoch', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server);
    (await pool.acquire(target('a', 1))).release();
    const lease = await pool.acquire(target('a', 2));
    expect(lease.connection).not.toBe(server.connections[0]);
    expect(server.connections[0]?.closed).toBe(true);
  });
});

describe('a connection in doubt', () => {
  it('is closed when it is released in a transaction', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server);
    const lease = await pool.acquire(target('a'));
    for (const connection of server.connections) connection.clean = false;
    lease.release();
    expect(pool.take(target('a'))).toBeUndefined();
    await settle();
    expect(server.sessions).toBe(0);
  });

  it('is not handed out after the server ended it, whether or not we were told', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server);
    (await pool.acquire(target('a'))).release();
    for (const connection of server.connections) connection.alive = false;
    expect(pool.take(target('a'))).toBeUndefined();
    (await pool.acquire(target('a'))).release();
    server.connections[1]?.lose();
    expect(pool.stats().idle).toBe(0);
  });
});

describe('a lease', () => {
  it('throws when it is used after it was released', async () => {
    const lease = await poolOn(new ControlledServer()).acquire(target('a'));
    lease.release();
    expect(() => lease.connection).toThrow(LeaseEndedError);
  });

  it('can be released twice without taking the connection from its next holder', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 1 });
    const first = await pool.acquire(target('a'));
    first.release();
    const second = await pool.acquire(target('a'));
    first.release();
    first.destroy();
    first.cancel();
    expect(pool.stats()).toMatchObject({ inUse: 1, idle: 0, closing: 0 });
    expect(second.connection.isAlive()).toBe(true);
  });
});

describe('the queue', () => {
  it('serves the callers of one tenant first come first served', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1 });
    const held = await pool.acquire(target('a'));
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const lease = await pool.acquire(target('a'));
      order.push(number);
      lease.release();
    });
    held.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it('lets a tenant go on while its turn lasts, and then the others, however many of it wait', async () => {
    const clock = new HandClock();
    const pool = poolOn(new ControlledServer(), { maxConnections: 1, now: clock.now });
    const held = await pool.acquire(target('busy'));
    const order: string[] = [];
    const wait = async (name: string, holdMs: number) => {
      const lease = await pool.acquire(target(name));
      order.push(name);
      clock.ms += holdMs;
      lease.release();
    };
    const waiting = [...Array.from({ length: 6 }, () => wait('busy', 6)), wait('light', 0)];
    held.release();
    await Promise.all(waiting);
    // Of a turn of 10 ms two have their part. Who comes while it runs is last of the next round, in which `busy` is first.
    expect(order).toEqual(['busy', 'busy', 'busy', 'busy', 'light', 'busy', 'busy']);
  });

  it('lets no tenant have more than its part', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 3, maxPerKey: 2, acquireMs: 200 });
    await pool.acquire(target('a'));
    await pool.acquire(target('a'));
    await expect(pool.acquire(target('a'))).rejects.toThrow(PoolTimeoutError);
    (await pool.acquire(target('b'))).release();
  });

  it('is not overtaken by somebody who comes later', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 1 });
    const held = await pool.acquire(target('a'));
    const waiting = pool.acquire(target('b'));
    held.release();
    expect(pool.take(target('a'))).toBeUndefined();
    (await waiting).release();
  });

  it('says in numbers why nobody was served in time', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1, acquireMs: 200 });
    await pool.acquire(target('a'));
    const error = await pool.acquire(target('b')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PoolTimeoutError);
    expect(error).toHaveProperty('message', expect.stringContaining('1 in use, 0 idle'));
  });

  it('times out, and does not hang, when its holder asks for a second connection at the limit', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1, acquireMs: 200 });
    const outer = await pool.acquire(target('a'));
    await expect(pool.acquire(target('a'))).rejects.toThrow(PoolTimeoutError);
    outer.release();
    (await pool.acquire(target('a'))).release();
  });

  it('is bounded', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1, maxWaiting: 1 });
    const held = await pool.acquire(target('a'));
    const waiting = pool.acquire(target('b'));
    await expect(pool.acquire(target('c'))).rejects.toThrow(PoolFullError);
    held.release();
    (await waiting).release();
  });

  it('is bounded for a tenant at its own limit, though others could have a place', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 2, maxPerKey: 1, maxWaiting: 1 });
    const held = await pool.acquire(target('a'));
    const waiting = pool.acquire(target('a'));
    await expect(pool.acquire(target('a'))).rejects.toThrow(PoolFullError);
    (await pool.acquire(target('b'))).release();
    held.release();
    (await waiting).release();
  });

  it('where no more may wait, the latest of whoever has most makes room for one who has fewer', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1, maxWaiting: 4 });
    const held = await pool.acquire(target('a'));
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => pool.acquire(target('a')));
    const other = pool.acquire(target('b'));
    await expect(fourth).rejects.toThrow(PoolFullError);
    const others = pool.acquire(target('b'));
    await expect(third).rejects.toThrow(PoolFullError);
    // Nobody has more than it would have.
    await expect(pool.acquire(target('b'))).rejects.toThrow(PoolFullError);
    await expect(pool.acquire(target('a'))).rejects.toThrow(PoolFullError);
    expect(pool.stats().waiting).toBe(4);
    held.release();
    for (const each of [first, other, second, others]) void each?.then((lease) => lease.release());
    await Promise.all([first, other, second, others]);
  });

  it('is left by a caller that aborts', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1 });
    await pool.acquire(target('a'));
    const controller = new AbortController();
    const waiting = pool.acquire(target('b'), { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
    expect(pool.stats().waiting).toBe(0);
  });
});

describe('a connect', () => {
  it('that finishes after its waiter gave up is kept for the next one', async () => {
    const server = new ControlledServer();
    server.automatic = false;
    const pool = poolOn(server);
    const controller = new AbortController();
    const waiting = pool.acquire(target('a'), { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
    server.attempts[0]?.succeed();
    await settle();
    expect(pool.stats()).toMatchObject({ idle: 1, connecting: 0 });
    expect(pool.take(target('a'))).toBeDefined();
    server.automatic = true;
    for (const connection of server.connections) connection.finishClosing();
  });

  it('that fails frees its place for the next waiter', async () => {
    const server = new ControlledServer();
    server.automatic = false;
    const pool = poolOn(server, { maxConnections: 1 });
    const first = pool.acquire(target('a'));
    const second = pool.acquire(target('b'));
    server.attempts[0]?.fail();
    await expect(first).rejects.toMatchObject({ code: 'TENANTRY_SERVER_UNAVAILABLE' });
    await settle();
    server.attempts[0]?.succeed();
    server.automatic = true;
    (await second).release();
  });

  it('whose proof fails is closed, and counted until it is', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server);
    const liar = { ...target('a'), certify: () => Promise.reject(new Error('not it')) };
    await expect(pool.acquire(liar)).rejects.toThrow();
    await settle();
    expect(server.sessions).toBe(0);
    expect(pool.stats()).toMatchObject({ inUse: 0, idle: 0, closing: 0 });
  });
});

describe('a connection that can be rebound', () => {
  it('moves to another tenant without being opened anew, and only once it has proved whose it is', async () => {
    const server = new ControlledServer({ rebind: true });
    const pool = poolOn(server, { maxConnections: 1 });
    let proofs = 0;
    const b = { ...target('b'), certify: async () => void proofs++ };
    (await pool.acquire(target('a'))).release();
    expect(pool.take(b)).toBeUndefined();
    (await pool.acquire(b)).release();
    expect(pool.take(target('a'))).toBeUndefined();
    (await pool.acquire(target('a'))).release();
    const again = pool.take(b);
    expect(again?.connection.database).toBe('b');
    expect(proofs).toBe(1);
    expect(server.connections).toHaveLength(1);
    expect(pool.stats().totals).toMatchObject({ opened: 1, rebinds: 3 });
  });

  it('is closed where the database that it has moved to is not the tenant’s', async () => {
    const server = new ControlledServer({ rebind: true });
    const pool = poolOn(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    const liar = { ...target('b'), certify: () => Promise.reject(new Error('not it')) };
    await expect(pool.acquire(liar)).rejects.toThrow();
    await settle();
    expect(server.sessions).toBe(0);
    (await pool.acquire(target('a'))).release();
    expect(server.connections).toHaveLength(2);
  });

  it('is not moved in doubt', async () => {
    const server = new ControlledServer({ rebind: true });
    const pool = poolOn(server, { maxConnections: 1 });
    const lease = await pool.acquire(target('a'));
    for (const connection of server.connections) connection.clean = false;
    lease.release();
    (await pool.acquire(target('b'))).release();
    expect(server.connections).toHaveLength(2);
  });

  it('stays among those of the user as whom it was opened, though its tenant has another meanwhile', async () => {
    const server = new ControlledServer({ rebind: true });
    server.automatic = false;
    const pool = poolOn(server);
    const changed = { ...target('a'), place: { credentials: { user: 'old' } } };
    const opening = pool.acquire(changed);
    await settle();
    changed.place = { credentials: { user: 'new' } };
    server.attempts[0]?.succeed();
    (await opening).release();
    server.automatic = true;
    const other = await pool.acquire({ ...target('b'), place: { credentials: { user: 'new' } } });
    expect(other.connection).toBe(server.connections[1]);
    expect(pool.stats().totals.rebinds).toBe(0);
  });

  it('belongs to one tenant for life where sharing is off', async () => {
    const server = new ControlledServer({ rebind: true });
    const pool = poolOn(server, { maxConnections: 1, sharing: false });
    (await pool.acquire(target('a'))).release();
    (await pool.acquire(target('b'))).release();
    expect(server.connections.map(({ database }) => database)).toEqual(['a', 'b']);
  });
});

describe('the connection that must go', () => {
  it('is that of the tenant that is used least, not the one that has been idle longest', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 2 });
    for (let i = 0; i < 5; i++) (await pool.acquire(target('often'))).release();
    (await pool.acquire(target('once'))).release();
    (await pool.acquire(target('new'))).release();
    expect(pool.take(target('often'))).toBeDefined();
    expect(pool.take(target('once'))).toBeUndefined();
  });
});

describe('a server that does not answer', () => {
  it('is not waited for after three failures, but for a probe', async () => {
    const server = new ControlledServer();
    server.automatic = false;
    const pool = poolOn(server);
    for (let i = 0; i < 3; i++) {
      const attempt = pool.acquire(target('a'));
      server.attempts[0]?.fail();
      await expect(attempt).rejects.toMatchObject({ code: 'TENANTRY_SERVER_UNAVAILABLE' });
    }
    await expect(pool.acquire(target('a'))).rejects.toMatchObject({ code: 'TENANTRY_SERVER_UNAVAILABLE' });
    expect(server.attempts).toHaveLength(0);
    expect(pool.stats().unreachable).toBe(true);
    await expect
      .poll(async () => {
        void pool
          .acquire(target('a'))
          .then((lease) => lease.release())
          .catch(() => {});
        await settle();
        return server.attempts.length;
      })
      .toBe(1);
    server.automatic = true;
    server.attempts[0]?.succeed();
    await settle();
    expect(pool.stats().unreachable).toBe(false);
  });
});

describe('cancelling', () => {
  it('has a connection of the budget kept for it where it takes one', async () => {
    const pool = poolOn(new ControlledServer({ cancelTakesConnection: true }), {
      maxConnections: 2,
      acquireMs: 200,
    });
    await pool.acquire(target('a'));
    await expect(pool.acquire(target('a'))).rejects.toThrow(PoolTimeoutError);
  });
});

describe('closing', () => {
  it('waits for what is in use and for those who wait, and refuses newcomers', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 1 });
    const held = await pool.acquire(target('a'));
    const waiting = pool.acquire(target('b'));
    const closed = pool.close(5000);
    await expect(pool.acquire(target('c'))).rejects.toMatchObject({ code: 'TENANTRY_CLOSED' });
    held.release();
    (await waiting).release();
    await closed;
    expect(pool.stats()).toMatchObject({ inUse: 0, idle: 0, closing: 0, waiting: 0 });
  });

  it('destroys what does not come back before the deadline', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server);
    const held = await pool.acquire(target('a'));
    await pool.close(10);
    expect(server.sessions).toBe(0);
    held.release();
    expect(pool.stats()).toMatchObject({ inUse: 0, idle: 0 });
  });
});
