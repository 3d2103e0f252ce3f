import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import type { Tenancy } from '../../packages/tenantry/src/index.js';
import { type Administrator, administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { type OwnServer, startOwnServer } from '../helpers/own-server.js';
import { catalogUrl, openTenancy } from '../tenancy/tenancies.js';
import { forEachServerEngine, NOTES, outcome, type ServerEngine } from './setting.js';

const INSERT = "INSERT INTO notes (text) VALUES ('written')";

/** What a server is told, and with it every session that is open and every one to come. */
const demoting: Readonly<Record<ServerEngine, (isReadOnly: boolean) => readonly string[]>> = {
  mysql: (isReadOnly) => [`SET GLOBAL read_only = ${isReadOnly ? 1 : 0}`],
  postgres: (isReadOnly) => [
    `ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`,
    'SELECT pg_reload_conf()',
  ],
};

/** A user whom a server that only reads refuses to write. */
const makingUser: Readonly<Record<ServerEngine, readonly string[]>> = {
  mysql: [
    "CREATE USER 'served'@'%' IDENTIFIED BY 'served'",
    "GRANT CREATE, DROP, ALTER, INDEX, SELECT, INSERT, UPDATE, DELETE ON *.* TO 'served'@'%'",
  ],
  postgres: ["CREATE ROLE served LOGIN CREATEDB PASSWORD 'served'"],
};

const SESSIONS: Readonly<Record<ServerEngine, string>> = {
  mysql: "SELECT id FROM information_schema.processlist WHERE user = 'served'",
  postgres: "SELECT pid AS id FROM pg_stat_activity WHERE usename = 'served'",
};

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let server: OwnServer;
  let admin: Administrator;
  let tenancy: Tenancy;
  let tenant: string;
  let made = 0;
  beforeAll(async () => {
    server = await startOwnServer(name);
    admin = await administrate(server.url);
    for (const sql of makingUser[name]) await admin.query(sql);
  });
  beforeEach(async () => {
    const url = new URL(server.tcpUrl);
    Object.assign(url, { username: 'served', password: 'served' });
    tenant = namespace().name(`a${made++}`);
    tenancy = await openTenancy(namespace(), {
      catalog: catalogUrl({ ...namespace(), url: url.href }),
      servers: { main: url.href },
      provision: { script: NOTES },
    });
    await tenancy.tenants.create({ name: tenant });
  });
  afterEach(async () => {
    await tell(false);
    await tenancy.destroy();
    await expect.poll(sessions).toEqual([]);
  });
  afterAll(async () => {
    await admin[Symbol.asyncDispose]();
    await server.close();
  });

  const sessions = async () => (await admin.query(SESSIONS[name])).map(({ id }) => Number(id));
  const tell = async (isReadOnly: boolean) => {
    for (const sql of demoting[name](isReadOnly)) await admin.query(sql);
  };

  const adminDoors: Readonly<Record<string, () => Promise<unknown>>> = {
    'tenants.create': () => tenancy.tenants.create({ name: namespace().name(`b${made++}`) }),
    'tenants.suspend': () => tenancy.tenants.suspend(tenant),
    'tenants.resume': () => tenancy.tenants.resume(tenant),
    'tenants.delete': () => tenancy.tenants.delete(tenant),
  };

  describe('administration, while a server takes no writes', () => {
    it.each(Object.keys(adminDoors))(
      '%s says so, and works at once when one takes them again',
      async (door) => {
        const work = adminDoors[door] ?? (() => Promise.reject());
        if (door === 'tenants.resume') await tenancy.tenants.suspend(tenant);
        await tell(true);
        // Sessions hear of it one by one; this one writes nothing.
        await expect
          .poll(() => outcome(tenancy.central.execute('DELETE FROM tenantry_servers WHERE 1 = 0')))
          .toBe('TENANTRY_QUERY_FAILED');
        const error: unknown = await work().catch((failed: unknown) => failed);
        expect(error).toMatchObject({
          code: expect.stringMatching(/^TENANTRY_(?:CATALOG|SERVER)_UNAVAILABLE$/),
          kind: 'read-only',
          retryable: true,
          hint: expect.stringMatching(/\w/),
        });
        await tell(false);
        await expect.poll(() => outcome(work())).toBe('ok');
      },
    );
  });

  if (name !== 'postgres') return;

  const lent = async (use: (client: pg.PoolClient) => Promise<unknown>) => {
    const client = await pgPool(tenancy, { tenant }).connect();
    try {
      await use(client);
    } finally {
      client.release();
    }
  };
  const doors: Readonly<Record<string, () => Promise<unknown>>> = {
    'a session': () => tenancy.session(tenant).execute(INSERT),
    'a transaction': () => tenancy.session(tenant).transaction((tx) => tx.execute(INSERT)),
    'a pool': () => pgPool(tenancy, { tenant }).query(INSERT),
    'a lent client': () => lent((client) => client.query(INSERT)),
    'a lent client that does not wait': () => lent((client) => Promise.all([client.query(INSERT)])),
    'the catalog': () => tenancy.tenants.create({ name: namespace().name(`c${made++}`) }),
    'tenancy.central': () => tenancy.central.execute('DELETE FROM tenantry_servers WHERE 1 = 0'),
  };

  describe('a server that takes no writes any more', () => {
    it.each(Object.keys(doors))('loses all its connections to whoever connects anew, by %s', async (door) => {
      const work = doors[door] ?? (() => Promise.reject());
      // Several at rest, of which only one will hear of it.
      await Promise.all([1, 2, 3].map(() => tenancy.session(tenant).query('SELECT pg_sleep(0.05)')));
      const before = (await sessions()).length;
      await tell(true);
      await expect.poll(() => outcome(work())).not.toBe('ok');
      await expect(work()).rejects.toThrow(/read-only/);
      if (!/catalog|central/.test(door)) {
        await expect.poll(() => tenancy.stats().servers.main?.idle).toBe(0);
        expect((await sessions()).length).toBeLessThan(before);
      }
      await tell(false);
      await expect.poll(() => outcome(work())).toBe('ok');
    });
  });
});
