import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PoolTarget } from '../../src/pool/target.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

/** Tenants that have all in common but one thing. */
const targets: readonly PoolTarget[] = [
  target('a', 1),
  target('a', 2),
  // Deleted, and made again under its name, in the database of its name.
  { ...target('a-made-again', 1), label: 'a', database: 'a' },
  target('b', 1),
  { ...target('c', 1), place: { credentials: { user: 'other' } } },
];

describe('a connection that serves somebody else than before', () => {
  it('was moved by the engine with its full reset, though its last borrower left nothing that shows', async () => {
    const step = fc.record({
      who: fc.nat(targets.length - 1),
      touched: fc.boolean(),
      clean: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
      held: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const server = new ControlledServer({ rebind: true });
        const pool = poolOn(server, { maxConnections: 3 });
        const last = new Map<
          unknown,
          { readonly who: PoolTarget; readonly moves: number; doubtful: boolean }
        >();
        const held: (() => void)[] = [];
        for (const { who, touched, clean, held: isHeld } of steps) {
          if (held.length === 3) held.shift()?.();
          const wanted = targets[who] ?? target('a');
          const lease = pool.take(wanted) ?? (await pool.acquire(wanted));
          const connection = server.connections.find((each) => each === lease.connection);
          if (connection === undefined) throw new Error('not one of the server');
          const before = last.get(connection);
          expect(before?.doubtful ?? false).toBe(false);
          if (before !== undefined && before.who !== wanted) {
            expect(connection.moves).toBeGreaterThan(before.moves);
            expect(before.who.place).toEqual(wanted.place);
            expect(before.who.key).not.toBe(wanted.key);
          }
          last.set(connection, { who: wanted, moves: connection.moves, doubtful: !clean });
          connection.touched = touched;
          const release = () => {
            connection.clean = clean;
            lease.release();
          };
          if (isHeld) held.push(release);
          else release();
          await settle();
        }
        for (const release of held) release();
        await pool.destroy();
      }),
      { numRuns: 200 },
    );
  });

  it('is another one where the engine has no way to move it', async () => {
    const server = new ControlledServer({ rebind: true });
    const pool = poolOn(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    for (const connection of server.connections) Reflect.deleteProperty(connection, 'rebind');
    const lease = await pool.acquire(target('b'));
    expect(lease.connection).toBe(server.connections[1]);
    expect(server.connections[0]?.closed).toBe(true);
  });

  it('is another one where its proof left something open and whoever waited for it has gone', async () => {
    const server = new ControlledServer({ rebind: true });
    const pool = poolOn(server, { maxConnections: 1 });
    (await pool.acquire(target('a'))).release();
    let prove = () => {};
    const proving = { ...target('b'), certify: () => new Promise<void>((resolve) => (prove = resolve)) };
    const gone = new AbortController();
    const waiting = pool.acquire(proving, { signal: gone.signal });
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
    for (const connection of server.connections) connection.clean = false;
    prove();
    await settle();
    expect(pool.stats().idle).toBe(0);
    expect(server.sessions).toBe(0);
  });
});
