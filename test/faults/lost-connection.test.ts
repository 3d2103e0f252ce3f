import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session, Tenancy } from '../../packages/tenantry/src/index.js';
import type { TcpProxy } from '../../packages/tenantry/src/testing/tcp-proxy.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, openProxy, read, through, write } from './setting.js';

const LARGE = 2_000_000;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let proxy: TcpProxy;
  let tenancy: Tenancy;
  let session: Session;
  let count = 0;
  beforeEach(async () => {
    const { tcpUrl } = sharedServer(name);
    proxy = await openProxy(tcpUrl);
    proxy.latencyMs = 2;
    tenancy = await openTenancy(namespace(), {
      servers: { main: { url: through(proxy, tcpUrl), maxConnections: 2 } },
      provision: { script: NOTES },
    });
    const tenant = namespace().name(`cut${++count}`);
    await tenancy.tenants.create({ name: tenant });
    session = tenancy.session(tenant);
    await write(session, 'before');
    // Faults hit every open connection; only the tenant's own may be left.
    await expect.poll(() => proxy.connections).toBe(1);
    // What the writing left in the session is taken away in a round trip of its own.
    await expect.poll(() => tenancy.stats().servers.main).toMatchObject({ inUse: 0, idle: 1, connecting: 0 });
  });
  afterEach(() => proxy.close());

  /** Nothing is held any more, and the tenant is served. */
  async function expectRecovery(notes: readonly string[]): Promise<void> {
    expect(await read(session)).toEqual(notes);
    await expect
      .poll(() => tenancy.stats().servers.main)
      .toMatchObject({ inUse: 0, idle: 1, connecting: 0, closing: 0, waiting: 0 });
  }

  describe('a connection that is cut between a request and its reply', () => {
    it('tells a writer that the outcome is unknown, and never sends the write again', async () => {
      proxy.cutBeforeReply();
      await expect(write(session, 'once')).rejects.toMatchObject({
        code: 'TENANTRY_CONNECTION_LOST',
        retryable: false,
      });
      await expectRecovery(['before', 'once']);
    });

    it('undoes the transaction that was under way', async () => {
      const transaction = session.transaction(async (tx) => {
        await write(tx, 'undone');
        proxy.cutBeforeReply();
        await write(tx, 'undone too');
      });
      await expect(transaction).rejects.toMatchObject({ code: 'TENANTRY_CONNECTION_LOST' });
      await expectRecovery(['before']);
    });
  });

  describe('a COMMIT whose reply never comes', () => {
    it('is told as an unknown outcome where it was carried out', async () => {
      const transaction = session.transaction(async (tx) => {
        await write(tx, 'committed');
        proxy.cutBeforeReply();
      });
      await expect(transaction).rejects.toMatchObject({
        code: 'TENANTRY_OUTCOME_UNKNOWN',
        retryable: false,
      });
      await expectRecovery(['before', 'committed']);
    });

    it('is told as an unknown outcome where it never arrived whole', async () => {
      const transaction = session.transaction(async (tx) => {
        await write(tx, 'undone');
        proxy.cutAfter('toServer', 1);
      });
      await expect(transaction).rejects.toMatchObject({ code: 'TENANTRY_OUTCOME_UNKNOWN' });
      await expectRecovery(['before']);
    });
  });

  describe('a connection that is cut in the middle of a large reply', () => {
    it.each([1, 100, 70_000, LARGE - 10])('after %i bytes gives no part of it to anybody', async (bytes) => {
      const large = () => session.query<{ text: string }>(`SELECT REPEAT('x', ${LARGE}) AS text`);
      proxy.cutAfter('toClient', bytes);
      await expect(large()).rejects.toMatchObject({ code: 'TENANTRY_CONNECTION_LOST' });
      expect((await large())[0]?.text).toHaveLength(LARGE);
      await expectRecovery(['before']);
    });
  });

  describe('a network that swallows everything', () => {
    it('ends a statement at its own timeout, and its connection with it', async () => {
      const { opened } = tenancy.stats().servers.main?.totals ?? { opened: 0 };
      proxy.blackHole();
      await expect(session.query('SELECT 1', [], { timeoutMs: 300 })).rejects.toMatchObject({
        code: 'TENANTRY_TIMEOUT',
      });
      proxy.restore();
      await expectRecovery(['before']);
      expect(tenancy.stats().servers.main?.totals.opened).toBe(opened + 1);
    });

    it('ends a transaction at its own timeout', async () => {
      const transaction = session.transaction(
        async (tx) => {
          await write(tx, 'undone');
          proxy.blackHole();
          await write(tx, 'undone too');
        },
        { timeoutMs: 500 },
      );
      await expect(transaction).rejects.toMatchObject({ code: 'TENANTRY_TIMEOUT' });
      proxy.restore();
      await expectRecovery(['before']);
    });
  });
});
