import { describe, expect, it } from 'vitest';
import { ControlledServer, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

const brief = (pool: ReturnType<typeof poolOn>, limit = 100) => {
  const { tenants, moreTenants } = pool.tenants(limit);
  return [...tenants.map(({ id, inUse, idle, waiting }) => [id, inUse, idle, waiting]), moreTenants];
};

describe('what tenants have of a server', () => {
  it('is told by their names and ids, what is idle and who waits included', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 3, cancels: false });
    const held = await pool.acquire(target('a'));
    const kept = [await pool.acquire(target('b')), await pool.acquire(target('b'))];
    for (const lease of kept) lease.release();
    expect(brief(pool)).toEqual([['b', 0, 2, 0], ['a', 1, 0, 0], 0]);
    const { label } = target('b');
    expect(pool.tenants(100).tenants[0]).toMatchObject({ id: 'b', name: label, totals: { opened: 2 } });

    const again = [await pool.acquire(target('b')), await pool.acquire(target('b'))];
    const waiter = pool.acquire(target('c'));
    expect(brief(pool)).toEqual([['b', 2, 0, 0], ['a', 1, 0, 0], ['c', 0, 0, 1], 0]);
    for (const lease of [held, ...again]) lease.release();
    (await waiter).release();
  });

  it('is told of those that have most, and of how many others there are', async () => {
    const pool = poolOn(new ControlledServer(), { maxConnections: 9, cancels: false });
    const names = ['a', 'b', 'c', 'b', 'd'];
    const leases = await Promise.all(names.map((name) => pool.acquire(target(name))));
    for (const lease of leases) lease.release();
    expect(brief(pool, 2)).toEqual([['b', 0, 2, 0], ['a', 0, 1, 0], 2]);
  });

  it('does not tell of work that belongs to no tenant', async () => {
    const pool = poolOn(new ControlledServer(), { cancels: false });
    await pool.withPlace('provisioning', async () => expect(brief(pool)).toEqual([0]));
  });
});
