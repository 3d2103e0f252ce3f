import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import type { TcpProxy } from '../../packages/tenantry/src/testing/tcp-proxy.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, openProxy, seeded, slow, through, write } from './setting.js';

const TENANTS = ['a', 'b', 'c', 'd'];
const CALLERS = 6;
const ROUNDS = 25;
const LATENCIES_MS = [0.3, 2, 20];
/** Large enough that a reply takes many packets. */
const ROWS = 60;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let proxy: TcpProxy;
  let tenancy: Tenancy;
  beforeEach(async () => {
    const { tcpUrl } = sharedServer(name);
    proxy = await openProxy(tcpUrl);
    tenancy = await openTenancy(namespace(), {
      servers: { main: { url: through(proxy, tcpUrl), maxConnections: 2 } },
      provision: { script: NOTES },
    });
  });
  afterEach(() => proxy.close());

  async function createTenants(prefix: string): Promise<readonly string[]> {
    const names = TENANTS.map((tenant) => namespace().name(`${prefix}${tenant}`));
    for (const tenant of names) {
      await tenancy.tenants.create({ name: tenant });
      const values = Array.from({ length: ROWS }, () => `('${tenant} ${'x'.repeat(1000)}')`);
      await tenancy.session(tenant).execute(`INSERT INTO notes (text) VALUES ${values.join(', ')}`);
    }
    return names;
  }

  describe('a caller that aborts at any moment', () => {
    it.each(LATENCIES_MS)(
      'leaves the next borrower its own rows, each and all, at %f ms of latency',
      async (latencyMs) => {
        const names = await createTenants(`abort${String(latencyMs).replace('.', '_')}`);
        proxy.latencyMs = latencyMs;
        const random = seeded(latencyMs * 10);
        const wrong: unknown[] = [];
        let [answered, aborted] = [0, 0];

        /** Every answer names its tenant and its question. */
        async function ask(caller: number, round: number): Promise<void> {
          const tenant = names[Math.floor(random() * names.length)] ?? '';
          const question = caller * ROUNDS + round;
          const aborts = random() < 0.5;
          const signal = aborts ? AbortSignal.timeout(Math.floor(random() * 6 * (latencyMs + 1))) : undefined;
          try {
            const rows = await tenancy
              .session(tenant)
              .query<{ text: string; question: unknown }>(
                `SELECT text, ${question} AS question FROM notes`,
                [],
                {
                  signal,
                },
              );
            answered++;
            const isOwn = rows.every(
              (row) => row.text.startsWith(`${tenant} `) && Number(row.question) === question,
            );
            if (!isOwn || rows.length !== ROWS) wrong.push({ tenant, question, rows: rows.slice(0, 2) });
          } catch (error) {
            if (aborts && (error as { code?: string }).code === 'TENANTRY_ABORTED') aborted++;
            else wrong.push(error);
          }
        }

        await Promise.all(
          Array.from({ length: CALLERS }, async (_, caller) => {
            for (let round = 0; round < ROUNDS; round++) await ask(caller, round);
          }),
        );
        expect(wrong).toEqual([]);
        expect(answered).toBeGreaterThan(0);
        expect(aborted).toBeGreaterThan(0);
        expect(answered + aborted).toBe(CALLERS * ROUNDS);
        await expect
          .poll(() => tenancy.stats().servers.main)
          .toMatchObject({ inUse: 0, waiting: 0, connecting: 0, closing: 0 });
      },
    );

    it('ends the statement at the server, too', async () => {
      const [tenant = ''] = await createTenants('ends');
      const session = tenancy.session(tenant);
      const controller = new AbortController();
      const call = session.query(slow(name, 600), [], { signal: controller.signal });
      const answer = expect(call).rejects.toMatchObject({ code: 'TENANTRY_ABORTED', status: 499 });
      const running =
        name === 'mysql'
          ? "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(600)%'"
          : "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(600)%'";
      const statements = async () => Number((await tenancy.central.query(running))[0]?.n);
      await expect.poll(statements).toBe(1);
      controller.abort();
      await answer;
      await expect.poll(statements).toBe(0);
      await write(session, 'after');
    });
  });
});
