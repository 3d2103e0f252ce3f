import { afterEach, describe, expect, it, vi } from 'vitest';
import { AbortedError } from '../../src/errors.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

const LIMITS = { queryMs: 60_000, transactionMs: 60_000, onReached: () => {} };

describe('a borrower whose callback throws when its statement is given up', () => {
  const listeners = process.listeners('uncaughtException');
  afterEach(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });

  it('is told of it as by its driver, and keeps no connection', async () => {
    process.removeAllListeners('uncaughtException');
    const uncaught = vi.fn();
    process.on('uncaughtException', uncaught);
    const server = new ControlledServer();
    const pool = poolOn(server);
    const lease = await pool.acquire(target('a'));
    const abandon = () => {
      throw new Error('of the application');
    };
    Object.assign(lease.connection, { abandon });
    lease.limit(LIMITS);
    lease.cancel(new AbortedError('aborted'));
    await settle();
    expect(pool.stats()).toMatchObject({ inUse: 0, closing: 0 });
    expect(server.connections[0]?.closed).toBe(true);
    expect(uncaught).toHaveBeenCalledExactlyOnceWith(new Error('of the application'), 'uncaughtException');
  });
});

describe('an idle connection that has to be looked at again', () => {
  it('is reset before its own tenant gets it', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    const [connection] = server.connections;
    if (connection === undefined) throw new Error('There is none.');
    connection.touched = true;
    expect(pool.take(target('a'))).toBeUndefined();
    const lease = await pool.acquire(target('a'));
    expect(lease.connection).toBe(connection);
    expect(connection.resets).toBe(1);
    expect(server.connections).toHaveLength(1);
  });

  it('is closed where that fails', async () => {
    const server = new ControlledServer();
    const pool = poolOn(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    const [connection] = server.connections;
    if (connection === undefined) throw new Error('There is none.');
    Object.assign(connection, { touched: true, reset: () => Promise.reject(new Error('unguarded')) });
    const lease = await pool.acquire(target('a'));
    expect(lease.connection).not.toBe(connection);
    expect(connection.closed).toBe(true);
  });
});

it('an error whose causes go round in a circle is told like any other', async () => {
  const server = new ControlledServer();
  const inner = new Error('inner');
  server.failure = new Error('outer', { cause: inner });
  inner.cause = server.failure;
  await expect(poolOn(server).acquire(target('a'))).rejects.toMatchObject({
    code: 'TENANTRY_SERVER_UNAVAILABLE',
    message: expect.stringContaining('outer'),
  });
});

describe('a process without a free file', () => {
  const failures = {
    'by its code': Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' }),
    "behind a driver's error": new Error('no connection', {
      cause: Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' }),
    }),
    'for each address of a host': new AggregateError([Object.assign(new Error('x'), { code: 'EMFILE' })]),
  };

  it.each(Object.entries(failures))(
    'is told so, %s, and no server counts as out of reach',
    async (_, failure) => {
      const server = new ControlledServer();
      const pool = poolOn(server);
      server.failure = failure;
      for (let times = 0; times < 5; times++) {
        await expect(pool.acquire(target('a'))).rejects.toMatchObject({ code: 'TENANTRY_OUT_OF_RESOURCES' });
      }
      expect(pool.stats()).toMatchObject({ unreachable: false, connecting: 0, waiting: 0 });
      server.failure = undefined;
      expect((await pool.acquire(target('a'))).connection.database).toBe('a');
    },
  );
});
