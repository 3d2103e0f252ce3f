import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PoolStats, Tenancy } from '../../packages/tenantry/src/index.js';
import type { TcpProxy } from '../../packages/tenantry/src/testing/tcp-proxy.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import {
  capacityOf,
  forEachServerEngine,
  NOTES,
  openProxy,
  outcome,
  read,
  through,
  write,
} from './setting.js';

const BUDGET = 2;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  const capacity = capacityOf(name, BUDGET);
  let proxy: TcpProxy;
  let tenancy: Tenancy;
  beforeEach(async () => {
    const { tcpUrl } = sharedServer(name);
    proxy = await openProxy(tcpUrl);
    tenancy = await openTenancy(namespace(), {
      servers: { main: { url: through(proxy, tcpUrl), maxConnections: BUDGET } },
      provision: { script: NOTES },
    });
  });
  afterEach(() => proxy.close());

  function pool(): PoolStats {
    const stats = tenancy.stats().servers.main;
    if (stats === undefined) throw new Error('The tenancy has no server main.');
    return stats;
  }

  async function create(suffix: string): Promise<string> {
    const tenant = namespace().name(suffix);
    await tenancy.tenants.create({ name: tenant });
    return tenant;
  }

  describe('transactions that hold every connection and ask for a second one', () => {
    it('are told so with the numbers, and nobody hangs afterwards', async () => {
      const tenant = await create('nested');
      const session = tenancy.session(tenant);
      const [holding, refused] = [latch(capacity), latch(capacity)];

      async function nested(text: string): Promise<void> {
        await session.transaction(async (tx) => {
          await write(tx, text);
          await holding.arrive();
          const second = session.query('SELECT 1', [], { timeoutMs: 300 });
          await expect(second).rejects.toMatchObject({
            code: 'TENANTRY_POOL_TIMEOUT',
            status: 503,
            message: expect.stringMatching(
              new RegExp(
                `has ${capacity} connections to give: ${capacity} in use, 0 idle.*[1-9] callers wait`,
              ),
            ),
            hint: expect.stringContaining('second connection'),
          });
          // Nobody ends before everybody was refused: what one gives back the other would get.
          await refused.arrive();
        });
      }

      const texts = Array.from({ length: capacity }, (_, i) => `note ${i}`);
      await Promise.all(texts.map(nested));
      expect([...(await read(session))].sort()).toEqual(texts);
      const after = await Promise.all(Array.from({ length: 20 }, () => outcome(session.query('SELECT 1'))));
      expect(new Set(after)).toEqual(new Set(['ok']));
      expect(pool()).toMatchObject({ inUse: 0, waiting: 0 });
      expect(pool().totals.timeouts).toBe(capacity);
    });
  });

  describe('callers that wait for a connection', () => {
    it('leave the queue when they abort, and are no loss to the others', async () => {
      const tenant = await create('leaving');
      const session = tenancy.session(tenant);
      await session.query('SELECT 1');
      const free = latch(Number.POSITIVE_INFINITY);
      const holders = Array.from({ length: capacity }, () =>
        session.transaction(async (tx) => {
          await tx.query('SELECT 1');
          await free.arrive();
        }),
      );
      await expect.poll(() => pool().inUse).toBe(capacity);
      const controller = new AbortController();
      setMaxListeners(0, controller.signal);
      const leaving = Array.from({ length: 50 }, () =>
        outcome(session.query('SELECT 1', [], { signal: controller.signal })),
      );
      const staying = Array.from({ length: 50 }, () => outcome(session.query('SELECT 1')));
      await expect.poll(() => pool().waiting).toBe(100);
      controller.abort();
      expect(new Set(await Promise.all(leaving))).toEqual(new Set(['TENANTRY_ABORTED']));
      await expect.poll(() => pool().waiting).toBe(50);
      free.open();
      expect(new Set(await Promise.all(staying))).toEqual(new Set(['ok']));
      await Promise.all(holders);
      expect(pool()).toMatchObject({ inUse: 0, waiting: 0 });
    });
  });

  describe('a connection that is ready after its caller gave up', () => {
    for (const [how, code] of [
      ['ran out of time', 'TENANTRY_POOL_TIMEOUT'],
      ['aborted', 'TENANTRY_ABORTED'],
    ] as const) {
      it(`because it ${how} goes to the pool, and nothing is lost`, async () => {
        const tenant = await create(`late_${how.replaceAll(' ', '_')}`);
        await expect.poll(() => proxy.connections).toBe(0);
        const { opened } = pool().totals;
        proxy.hold('toClient');
        const controller = new AbortController();
        const options = code === 'TENANTRY_ABORTED' ? { signal: controller.signal } : { timeoutMs: 200 };
        const call = outcome(tenancy.session(tenant).query('SELECT 1', [], options));
        await expect.poll(() => pool().connecting).toBe(1);
        controller.abort();
        expect(await call).toBe(code);
        expect(pool()).toMatchObject({ inUse: 0, waiting: 0, connecting: 1 });

        proxy.release();
        await expect.poll(() => pool()).toMatchObject({ inUse: 0, idle: 1, connecting: 0, closing: 0 });
        expect(await read(tenancy.session(tenant))).toEqual([]);
        expect(pool()).toMatchObject({ inUse: 0, idle: 1, totals: { opened: opened + 1 } });
        expect(proxy.connections).toBe(1);
      });
    }

    it('is lost to nobody where more gave up than the budget has places', async () => {
      const tenant = await create('herd');
      await expect.poll(() => proxy.connections).toBe(0);
      proxy.hold('toClient');
      const calls = Array.from({ length: 20 }, () =>
        outcome(tenancy.session(tenant).query('SELECT 1', [], { timeoutMs: 300 })),
      );
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['TENANTRY_POOL_TIMEOUT']));
      expect(proxy.connections).toBeLessThanOrEqual(capacity);
      proxy.release();
      await expect.poll(() => pool()).toMatchObject({ inUse: 0, connecting: 0, closing: 0, waiting: 0 });
      const after = Array.from({ length: 20 }, () => outcome(tenancy.session(tenant).query('SELECT 1')));
      expect(new Set(await Promise.all(after))).toEqual(new Set(['ok']));
      await expect.poll(() => pool().inUse).toBe(0);
      expect(proxy.connections).toBe(pool().idle);
    });
  });
});

/** Opens when this many have arrived, or by hand. */
function latch(count: number): { arrive(): Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let missing = count;
  return {
    open,
    arrive() {
      if (--missing === 0) open();
      return opened;
    },
  };
}
