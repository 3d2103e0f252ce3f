import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { type Administrator, administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, outcome, read, type ServerEngine, write } from './setting.js';

const TENANTS = 20;
const CALLERS = 100;
const BUDGET = 4;
/** The catalog's own: two connections, and on PostgreSQL one that listens. */
const CATALOG = 3;
const KILLS = 25;

/** What a caller may be told whose connection, or the one it waits for, was killed. */
const EXPECTED = new Set([
  'ok',
  'TENANTRY_CONNECTION_LOST',
  'TENANTRY_OUTCOME_UNKNOWN',
  'TENANTRY_SERVER_UNAVAILABLE',
]);

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let administrator: Administrator;
  let tenancy: Tenancy;
  const names: string[] = [];
  beforeAll(async () => {
    administrator = await administrate(sharedServer(name).url);
    names.push(...Array.from({ length: TENANTS }, (_, i) => namespace().name(`storm${i}`)));
  });
  afterAll(() => administrator?.close());

  describe('sessions that are killed at the server again and again', () => {
    it('never make more than the budget, and lose no place of it', async () => {
      tenancy = await openTenancy(namespace(), {
        servers: { main: { url: namespace().url, maxConnections: BUDGET } },
        provision: { script: NOTES },
      });
      for (const tenant of names) {
        await tenancy.tenants.create({ name: tenant });
        await write(tenancy.session(tenant), tenant);
      }
      const outcomes = new Map<string, number>();
      const wrong: unknown[] = [];
      let storm = true;

      async function call(tenant: string, mayWrite: boolean): Promise<void> {
        const session = tenancy.session(tenant);
        const rows = mayWrite ? await session.transaction((tx) => read(tx)) : await read(session);
        if (rows.length !== 1 || rows[0] !== tenant) wrong.push({ tenant, rows });
      }
      const callers = Array.from({ length: CALLERS }, async (_, caller) => {
        for (let round = 0; storm; round++) {
          const code = await outcome(call(names[(caller + round) % TENANTS] ?? '', caller % 3 === 0));
          outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
          // A refusal may come without any I/O; the killer must get its turn.
          await new Promise((resolve) => setImmediate(resolve));
        }
      });

      let most = 0;
      let killed = 0;
      for (let round = 0; round < KILLS; round++) {
        const { sessions, inTenants } = await sessionsOf(administrator, name, namespace().prefix);
        most = Math.max(most, sessions.length);
        for (const id of inTenants) killed += (await kill(administrator, name, id)) ? 1 : 0;
      }
      storm = false;
      await Promise.all(callers);

      expect(killed).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(BUDGET + CATALOG);
      expect(wrong).toEqual([]);
      expect([...outcomes.keys()].filter((code) => !EXPECTED.has(code))).toEqual([]);
      expect(outcomes.get('ok')).toBeGreaterThan(0);
      await expect
        .poll(() => tenancy.stats().servers.main)
        .toMatchObject({ inUse: 0, waiting: 0, connecting: 0, closing: 0 });
      for (const tenant of names) {
        await expect.poll(() => read(tenancy.session(tenant)).catch(() => [])).toEqual([tenant]);
      }
      expect(tenancy.stats().servers.main).toMatchObject({ inUse: 0, waiting: 0, unreachable: false });
    });
  });
});

/** The sessions in a namespace's databases, as the server counts them; the catalog's are not for killing. */
async function sessionsOf(administrator: Administrator, engine: ServerEngine, prefix: string) {
  const rows = await administrator.query(
    engine === 'mysql'
      ? `SELECT id, db AS name FROM information_schema.processlist WHERE db LIKE '${prefix}%'`
      : `SELECT pid AS id, datname AS name FROM pg_stat_activity WHERE datname LIKE '${prefix}%'`,
  );
  const tenants = rows.filter((row) => String(row.name).startsWith(`${prefix}storm`));
  return { sessions: rows, inTenants: tenants.map((row) => Number(row.id)) };
}

async function kill(administrator: Administrator, engine: ServerEngine, id: number): Promise<boolean> {
  const sql = engine === 'mysql' ? `KILL ${id}` : `SELECT pg_terminate_backend(${id})`;
  try {
    await administrator.query(sql);
    return true;
  } catch {
    // It had ended by itself.
    return false;
  }
}
