import { describe, expect, it } from 'vitest';
import { IdentityMismatchError } from '../../src/errors.js';
import { EVENT_NAMES } from '../../src/observe/events.js';
import { Watchers } from '../../src/observe/watchers.js';
import type { ServerPoolOptions } from '../../src/pool/server-pool-options.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

/** A pool, and what it tells. */
function watchedPool(server: ControlledServer, options: Partial<ServerPoolOptions> = {}) {
  const watchers = new Watchers();
  const told: { name: string; [key: string]: unknown }[] = [];
  for (const name of EVENT_NAMES) watchers.on(name, (event) => void told.push({ name, ...event }));
  const named = (name: string) => told.filter((event) => event.name === name);
  return { pool: poolOn(server, { ...options, watchers }), watchers, told, named };
}

describe('a pool tells', () => {
  it('of a connection that is opened, moved and closed, by whose it is', async () => {
    const server = new ControlledServer({ rebind: true });
    const { pool, told } = watchedPool(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    (await pool.acquire(target('b'))).destroy();
    await settle();
    expect(told).toMatchObject([
      { name: 'connection.opened', server: 'main', tenantId: 'a', tenant: 'a' },
      { name: 'wait.ended', tenantId: 'a', outcome: 'served' },
      { name: 'connection.rebound', tenantId: 'b', fromTenantId: 'a' },
      { name: 'wait.ended', tenantId: 'b', outcome: 'served' },
      { name: 'connection.closed', tenantId: 'b', reason: 'discarded' },
    ]);
  });

  it('why connections are closed', async () => {
    const server = new ControlledServer();
    const { pool, named } = watchedPool(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    (await pool.acquire(target('b'))).release();
    server.connections.at(-1)?.lose();
    const doubtful = await pool.acquire(target('c'));
    for (const connection of server.connections) connection.clean = false;
    doubtful.release();
    (await pool.acquire(target('d'))).cancel();
    (await pool.acquire(target('e', 1))).release();
    (await pool.acquire(target('e', 2))).release();
    pool.evict('e');
    (await pool.acquire(target('f'))).release();
    await pool.close(1000);
    await settle();
    expect(named('connection.closed').map(({ tenantId, reason }) => `${tenantId} ${reason}`)).toEqual([
      'a evicted',
      'b lost',
      'c doubtful',
      'd cancelled',
      'e ended',
      'e ended',
      'f closing',
    ]);
  });

  it('how waits end', async () => {
    const { pool, named } = watchedPool(new ControlledServer(), { maxConnections: 1, acquireMs: 200 });
    const held = await pool.acquire(target('a'));
    await expect(pool.acquire(target('late'))).rejects.toThrow();
    const controller = new AbortController();
    const aborting = pool.acquire(target('aborting'), { signal: controller.signal });
    controller.abort();
    await expect(aborting).rejects.toThrow();
    held.release();
    const liar = { ...target('liar'), certify: () => Promise.reject(new Error('not it')) };
    await expect(pool.acquire(liar)).rejects.toThrow();
    await settle();
    expect(named('wait.ended').map(({ tenantId, outcome }) => `${tenantId} ${outcome}`)).toEqual([
      'a served',
      'late timeout',
      'aborting aborted',
      'liar failed',
    ]);
  });

  it('of a database that is not the tenant’s', async () => {
    const { pool, named } = watchedPool(new ControlledServer());
    const error = new IdentityMismatchError('It is another one.');
    await expect(pool.acquire({ ...target('a'), certify: () => Promise.reject(error) })).rejects.toBe(error);
    await settle();
    expect(named('identity.mismatch')).toMatchObject([
      { server: 'main', tenantId: 'a', database: 'a', error },
    ]);
  });

  it('once when its server is out of reach, and once when it answers again', async () => {
    const server = new ControlledServer();
    server.automatic = false;
    const { pool, told, named } = watchedPool(server, { maxConnections: 4 });
    const attempts = ['a', 'b', 'c', 'd'].map((key) => pool.acquire(target(key)));
    for (const attempt of [...server.attempts]) attempt.fail();
    await Promise.allSettled(attempts);
    expect(named('server.unreachable')).toHaveLength(1);
    server.automatic = true;
    await expect
      .poll(async () => {
        await pool.acquire(target('a')).then(
          (lease) => lease.release(),
          () => {},
        );
        await settle();
        return named('server.reachable').length;
      })
      .toBe(1);
    expect(told.filter(({ name }) => name.startsWith('server.'))).toHaveLength(2);
  });
});
