import { describe, expect, it } from 'vitest';
import { StatementTimeoutError } from '../../src/errors.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

/** A pool with so many idle connections of one tenant, and one in use. */
async function idle(count: number) {
  const server = new ControlledServer();
  const pool = poolOn(server, { maxConnections: count + 1 });
  const leases = await Promise.all(Array.from({ length: count + 1 }, () => pool.acquire(target('a'))));
  const used = leases.pop();
  for (const lease of leases) lease.release();
  if (used === undefined) throw new Error('There is none.');
  return { server, pool, used };
}

describe('connections that were idle while another was lost', () => {
  it('are asked before anybody gets them, all at once, and those that answer are kept', async () => {
    const { server, pool } = await idle(5);
    server.connections[5]?.lose();
    expect(pool.take(target('a'))).toBeUndefined();
    expect(server.connections.map(({ pings }) => pings)).toEqual([1, 1, 1, 1, 1, 0]);
    await settle();
    expect(pool.stats().idle).toBe(5);
    expect(pool.take(target('a'))).toBeDefined();
  });

  it('are closed together where they do not answer, and cost nobody a timeout of their own', async () => {
    const { server, pool, used } = await idle(5);
    for (const connection of server.connections.slice(0, 5)) connection.silent = true;
    used.cancel(new StatementTimeoutError('no answer'));
    const lease = await pool.acquire(target('a'));
    await expect.poll(() => server.connections.slice(0, 5).every(({ closed }) => closed)).toBe(true);
    expect(server.connections.slice(0, 5)).not.toContain(lease.connection);
  });

  it('are left alone where a transaction was open for too long, whose server has answered all the time', async () => {
    const { server, used } = await idle(2);
    Object.assign(used.connection, {
      activity: { isBusy: false, isInTransaction: true, answers: 1, rests: 0 },
    });
    used.cancel(new StatementTimeoutError('a transaction was open for too long'));
    expect(server.connections.map(({ pings }) => pings)).toEqual([0, 0, 0]);
  });

  it('are left alone where a caller has merely given up', async () => {
    const { server, used } = await idle(2);
    used.cancel(new Error('aborted'));
    expect(server.connections.map(({ pings }) => pings)).toEqual([0, 0, 0]);
  });
});

describe('connections that were idle while the server became read-only', () => {
  it.each(['release', 'destroy'] as const)(
    'are closed, for the server that takes writes now may be another one: %s',
    async (end) => {
      const { server, pool, used } = await idle(3);
      Object.assign(used.connection, { isReadOnly: true, clean: false });
      used[end]();
      await settle();
      expect(pool.stats().idle).toBe(0);
      expect(server.connections.every(({ closed }) => closed)).toBe(true);
    },
  );

  it('are closed when they come back, where they were in use', async () => {
    const { server, pool, used } = await idle(1);
    const busy = await pool.acquire(target('a'));
    Object.assign(used.connection, { isReadOnly: true, clean: false });
    used.release();
    busy.release();
    await settle();
    expect(pool.stats().idle).toBe(0);
    expect(server.connections.every(({ closed }) => closed)).toBe(true);
  });
});
