import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { type Administrator, administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { type LimitedUser, limitedUser } from './limited-user.js';
import { forEachServerEngine, NOTES, outcome, seeded, slow, write } from './setting.js';

/** A run by hand may raise it: TENANTRY_FAULTS_TENANTS=5000. One of PostgreSQL takes 8 MB, and 0.3 s to drop. */
const TENANTS = {
  mysql: Number(process.env.TENANTRY_FAULTS_TENANTS ?? 500),
  postgres: Math.min(500, Number(process.env.TENANTRY_FAULTS_TENANTS ?? 20)),
};
const CONNECTIONS = 16;
const BURST = { mysql: 3000, postgres: 300 };
/** Calls that arrive in one turn of the event loop, however many wait already. */
const AT_ONCE = 50;
/** The catalog's own connections, and on PostgreSQL the one that listens. */
const CATALOG = 3;
const NOISY_STATEMENTS = 500;
const OTHERS = 100;

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  const tenants = TENANTS[name];
  let user: LimitedUser;
  let administrator: Administrator;
  const names: string[] = [];

  beforeAll(async () => {
    const server = sharedServer(name);
    administrator = await administrate(server.url);
    // The server itself refuses one session too many, at whatever moment.
    user = await limitedUser(name, server, { prefix: namespace().prefix, limit: CONNECTIONS });
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
      timeouts: { acquireMs: 300_000, queryMs: 300_000 },
      maxWaiting: 2 * BURST[name],
    });
  }

  async function sessions(): Promise<number> {
    const [from, column] =
      name === 'mysql' ? ['information_schema.processlist', 'db'] : ['pg_stat_activity', 'datname'];
    const sql = `SELECT COUNT(*) AS n FROM ${from} WHERE ${column} LIKE '${namespace().prefix}%'`;
    return Number((await administrator.query(sql))[0]?.n);
  }

  describe(`${tenants} tenants on ${CONNECTIONS} connections`, () => {
    beforeAll(
      async () => {
        const tenancy = await open();
        names.push(...Array.from({ length: tenants }, (_, i) => namespace().name(`n${i}`)));
        await eachOf(names, async (tenant) => {
          await tenancy.tenants.create({ name: tenant });
          await write(tenancy.session(tenant), tenant);
        });
        await tenancy.close();
      },
      120_000 + 500 * tenants,
    );

    it('are all answered rightly in an open-loop burst, and the server never counts one session more', async () => {
      await expect.poll(sessions).toBe(0);
      const tenancy = await open();
      const random = seeded(1);
      let pending = BURST[name];
      let most = 0;
      const call = async () => {
        const tenant = names[Math.floor(random() * tenants)] ?? '';
        try {
          const rows = await tenancy.session(tenant).query<{ text: string }>('SELECT text FROM notes');
          return rows.length === 1 && rows[0]?.text === tenant ? 'ok' : `${tenant}: ${JSON.stringify(rows)}`;
        } catch (error) {
          return String(error);
        } finally {
          pending--;
        }
      };
      const arriving = (async () => {
        const answers: Promise<string>[] = [];
        while (answers.length < BURST[name]) {
          for (let i = 0; i < AT_ONCE; i++) answers.push(call());
          await new Promise((resolve) => setImmediate(resolve));
        }
        return Promise.all(answers);
      })();
      while (pending > 0) most = Math.max(most, await sessions());
      expect(new Set(await arriving)).toEqual(new Set(['ok']));
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(CONNECTIONS + CATALOG);
      const stats = tenancy.stats().servers.main;
      // A connect may end after its caller was served by a connection that came back sooner.
      await expect
        .poll(() => tenancy.stats().servers.main)
        .toMatchObject({ inUse: 0, waiting: 0, connecting: 0, maxConnections: CONNECTIONS });
      // Where connections cannot be moved, another tenant's turn costs one; its waiters then share it.
      if (name === 'mysql') expect(stats?.totals.opened).toBeLessThanOrEqual(2 * CONNECTIONS);
      else expect(stats?.totals.opened).toBeLessThanOrEqual(BURST[name]);
    });

    it('are all answered while one of them keeps asking for what is slow', async () => {
      await expect.poll(sessions).toBe(0);
      const tenancy = await open();
      const [noisy = '', ...others] = names;
      const { id } = await tenancy.session(noisy).ready();
      const load = () => tenancy.stats().servers.main?.tenants.find((tenant) => tenant.id === id);
      const controller = new AbortController();
      setMaxListeners(0, controller.signal);
      let noisyDone = 0;
      const noise = Array.from({ length: NOISY_STATEMENTS }, async () => {
        const code = await outcome(
          tenancy
            .session(noisy)
            .query(slow(name, 600), [], { signal: controller.signal, timeoutMs: 600_000 }),
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

    it('come between the slow statements of one that has 500 of them: none waits for more than a few', async () => {
      const tenancy = await open();
      const [noisy = '', ...others] = names;
      const { id } = await tenancy.session(noisy).ready();
      let noisyDone = 0;
      const noise = Array.from({ length: NOISY_STATEMENTS }, async () => {
        await tenancy.session(noisy).query(slow(name, 0.05));
        noisyDone++;
      });
      const inUse = () =>
        tenancy.stats().servers.main?.tenants.find((tenant) => tenant.id === id)?.inUse ?? 0;
      await expect.poll(inUse).toBeGreaterThan(0);
      const passed: number[] = [];
      // All ask while the noise lasts; each is another tenant, so that each needs a turn of its own.
      for (let asked = 0; noisyDone < NOISY_STATEMENTS && asked < OTHERS; asked++) {
        const before = noisyDone;
        await tenancy.session(others[asked % others.length] ?? '').query('SELECT text FROM notes');
        passed.push(noisyDone - before);
      }
      await Promise.all(noise);
      expect(passed.length).toBeGreaterThan(10);
      // Served in the order of their coming it would be hundreds for the first one.
      expect(Math.max(...passed)).toBeLessThanOrEqual(4 * CONNECTIONS);
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
