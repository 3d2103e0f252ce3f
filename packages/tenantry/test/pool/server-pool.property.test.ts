import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/pool/lease.js';
import { ControlledServer, settle, target } from './controlled-server.js';
import { poolOn } from './pool-support.js';

describe('the budget', () => {
  it('is never exceeded, nor is a tenant’s part of it, and no place is ever lost, whatever happens in whatever order', async () => {
    const step = fc.constantFrom(
      'acquire',
      'release',
      'destroy',
      'cancel',
      'spoil',
      'connect',
      'refuse',
      'close',
      'lose',
      'abort',
      'shrink',
      'grow',
    );
    const schedule = fc.array(fc.tuple(step, fc.nat(7)), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        const server = new ControlledServer();
        server.kind = 'access-denied';
        server.automatic = false;
        const pool = poolOn(server, { maxConnections: 3, maxPerKey: 2, fullPauseMs: 0 });
        const leases: Lease[] = [];
        const controllers: AbortController[] = [];
        for (const [action, pick] of steps) {
          const held = leases[pick % Math.max(1, leases.length)];
          const connection = server.connections[pick % Math.max(1, server.connections.length)];
          if (action === 'acquire') {
            const controller = new AbortController();
            controllers.push(controller);
            void pool.acquire(target(`t${pick % 4}`), { signal: controller.signal }).then(
              (lease) => leases.push(lease),
              () => {},
            );
          } else if (action === 'release') held?.release();
          else if (action === 'destroy') held?.destroy();
          else if (action === 'cancel') held?.cancel();
          else if (action === 'spoil' && connection !== undefined) connection.clean = false;
          else if (action === 'connect') server.attempts[0]?.succeed();
          else if (action === 'refuse') server.attempts[0]?.fail();
          else if (action === 'close') connection?.finishClosing();
          else if (action === 'lose') connection?.lose();
          else if (action === 'shrink') server.limit = pick % 3;
          else if (action === 'grow') server.limit = Number.POSITIVE_INFINITY;
          else controllers[pick % Math.max(1, controllers.length)]?.abort();
          await settle();
          expect(server.sessions).toBeLessThanOrEqual(3);
          for (const key of ['t0', 't1', 't2', 't3']) {
            const opening = server.attempts.filter(({ database }) => database === key).length;
            const held = leases.filter((lease) => !lease.ended && lease.connection.database === key).length;
            expect(opening + held).toBeLessThanOrEqual(2);
          }
        }
        // Whatever happened, everybody can be served again, and everything comes to an end.
        server.automatic = true;
        server.limit = Number.POSITIVE_INFINITY;
        for (const controller of controllers) controller.abort();
        for (const attempt of [...server.attempts]) attempt.succeed();
        for (const connection of server.connections) connection.finishClosing();
        await settle();
        for (const lease of leases) lease.release();
        await settle();
        const all = await Promise.all(['x', 'y', 'z'].map((name) => pool.acquire(target(name))));
        for (const lease of all) lease.release();
        await pool.close(1000);
        expect(server.sessions).toBe(0);
        expect(server.mostSessions).toBeLessThanOrEqual(3);
      }),
      { numRuns: 200 },
    );
  });
});
