import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { type Administrator, administrate } from '../helpers/administrator.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { type LimitedUser, limitedUser } from './limited-user.js';
import { NOTES, outcome, seeded, slow, write } from './setting.js';

/** A run by hand may raise it: TENANTRY_FAULTS_TENANTS=5000. */
const TENANTS = Number(process.env.TENANTRY_FAULTS_TENANTS ?? 500);
const CONNECTIONS = 16;
const BURST = 3000;
/** The catalog's own connections. */
const CATALOG = 2;
const NOISY_STATEMENTS = 100;
const OTHERS = 200;

onEngine('mysql', (engine) => {
  const namespace = useNamespace(engine);
  let user: LimitedUser;
  let administrator: Administrator;
  const names: string[] = [];

  beforeAll(async () => {
    const server = sharedServer('mysql');
    administrator = await administrate(server.url);
    // The server itself refuses one session too many, at whatever moment.
    user = await limitedUser('mysql', server, { prefix: namespace().prefix, limit: CONNECTIONS });
  });
  afterAll(async () => {
    await administrator?.close();
    await user?.[Symbol.asyncDispose]();
  });

  /** A tenancy with the limited user on the tenants' server; it ends with its test. */
  function open(): Promise<Tenancy> {
    return openTenancy(namespace(), {
      servers: { main: { url: user.url, maxConnections: CONNECTIONS } },
      provision: { script: NOTES },
      timeouts: { acquireMs: 120_000, queryMs: 120_000 },
      maxWaiting: 2 * BURST,
    });
  }

  async function sessions(): Promise<number> {
    const sql = `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db LIKE '${namespace().prefix}%'`;
    return Number((await administrator.query(sql))[0]?.n);
  }

  describe(`${TENANTS} tenants on ${CONNECTIONS} connections`, () => {
    beforeAll(
      async () => {
        const tenancy = await open();
        names.push(...Array.from({ length: TENANTS }, (_, i) => namespace().name(`n${i}`)));
        await eachOf(names, async (tenant) => {
          await tenancy.tenants.create({ name: tenant });
          await write(tenancy.session(tenant), tenant);
        });
        await tenancy.close();
      },
      120_000 + 200 * TENANTS,
    );

    it('are all answered rightly in a burst, and the server never counts one session more', async () => {
      await expect.poll(sessions).toBe(0);
      const tenancy = await open();
      const random = seeded(1);
      let pending = BURST;
      let most = 0;
      const answers = Array.from({ length: BURST }, async () => {
        const tenant = names[Math.floor(random() * TENANTS)] ?? '';
        try {
          const rows = await tenancy.session(tenant).query<{ text: string }>('SELECT text FROM notes');
          return rows.length === 1 && rows[0]?.text === tenant ? 'ok' : `${tenant}: ${JSON.stringify(rows)}`;
        } catch (error) {
          return String(error);
        } finally {
          pending--;
        }
      });
      while (pending > 0) most = Math.max(most, await sessions());
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['ok']));
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(CONNECTIONS + CATALOG);
      const stats = tenancy.stats().servers.main;
      expect(stats).toMatchObject({ inUse: 0, waiting: 0, connecting: 0, maxConnections: CONNECTIONS });
      expect(stats?.totals.opened).toBeLessThanOrEqual(2 * CONNECTIONS);
    });

    it('are all answered while one of them keeps asking for what is slow', async () => {
      await expect.poll(sessions).toBe(0);
      const tenancy = await open();
      const [noisy = '', ...others] = names;
      const { id } = await tenancy.session(noisy).ready();
      const load = () => tenancy.stats().servers.main?.tenants.find(({ key }) => key === id);
      const controller = new AbortController();
      setMaxListeners(0, controller.signal);
      let noisyDone = 0;
      const noise = Array.from({ length: NOISY_STATEMENTS }, async () => {
        const code = await outcome(
          tenancy
            .session(noisy)
            .query(slow('mysql', 600), [], { signal: controller.signal, timeoutMs: 600_000 }),
        );
        noisyDone++;
        return code;
      });
      await expect.poll(() => load()?.inUse).toBeGreaterThan(0);
      const random = seeded(2);
      const answers = await Promise.all(
        Array.from({ length: OTHERS }, () => {
          const tenant = others[Math.floor(random() * others.length)] ?? '';
          return outcome(tenancy.session(tenant).query('SELECT text FROM notes'));
        }),
      );
      expect(new Set(answers)).toEqual(new Set(['ok']));
      // None of what is slow had to end for that; most of it was not even begun.
      expect(noisyDone).toBe(0);
      expect(load()?.waiting).toBeGreaterThan(NOISY_STATEMENTS / 2);
      controller.abort();
      expect(new Set(await Promise.all(noise))).toEqual(new Set(['TENANTRY_ABORTED']));
      await expect
        .poll(() => tenancy.stats().servers.main)
        .toMatchObject({ inUse: 0, waiting: 0, connecting: 0, closing: 0 });
      expect(await outcome(tenancy.session(noisy).query('SELECT text FROM notes'))).toBe('ok');
    });
  });
});

/** A few at a time, for what is slow to make. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
