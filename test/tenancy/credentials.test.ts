import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CredentialsOf,
  createTenancy,
  type Tenancy,
  type TenantCredentials,
} from '../../packages/tenantry/src/index.js';
import { forEachServerEngine, outcome, slow } from '../faults/setting.js';
import { engineUnderTest, useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { catalogUrl, insertUser, openTenancy, SCHEMA } from './tenancies.js';
import { changePassword, createTenantUser, type TenantUser } from './tenant-users.js';

/** Never to be seen anywhere. */
const CANARY = 'canary-7f3a';

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  const users = new Map<string, TenantUser>();
  let owner: Tenancy;
  let [a, b, c] = ['', '', ''];

  beforeAll(async () => {
    owner = await createTenancy({
      catalog: catalogUrl(namespace()),
      servers: { main: namespace().url },
      setup: true,
      provision: { script: SCHEMA },
    });
    [a, b, c] = [namespace().name('a'), namespace().name('b'), namespace().name('c')];
    for (const [index, tenant] of [a, b, c].entries()) {
      await owner.tenants.create({ name: tenant });
      await owner.session(tenant).execute(insertUser(index, tenant));
      users.set(tenant, await createTenantUser(owner, name, tenant, `${CANARY}-${tenant}`));
    }
  });
  afterAll(async () => {
    if (name === 'mysql')
      for (const [, { user }] of users) await owner.central.execute(`DROP USER '${user}'@'%'`);
    await owner?.close();
  });

  /** A tenancy whose tenants have users of their own. */
  function open(credentials: CredentialsOf, connectMs?: number): Promise<Tenancy> {
    // Who must give a password is asked for one over TCP only.
    const servers = { main: { url: sharedServer(name).tcpUrl, maxConnections: 4 } };
    return openTenancy(namespace(), { servers, credentials, timeouts: { connectMs } });
  }

  function userOf(tenant: string): TenantCredentials {
    const user = users.get(tenant);
    if (user === undefined) throw new Error(`${tenant} has no user.`);
    return user;
  }

  const whoAmI =
    name === 'mysql' ? "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AS me" : 'SELECT current_user AS me';

  describe('tenants with users of their own', () => {
    it('are served as those, each asked for once however many call at the same time', async () => {
      const asked: string[] = [];
      const tenancy = await open(async (route) => {
        asked.push(route.name);
        return userOf(route.name);
      });
      const calls = [a, b, a, b, a, b, a, b].map(async (tenant) => {
        const [row] = await tenancy.session(tenant).query<{ me: string }>(whoAmI);
        return [tenant, row?.me];
      });
      for (const [tenant, me] of await Promise.all(calls)) expect(me).toBe(userOf(String(tenant)).user);
      expect(asked.sort()).toEqual([a, b]);
    });

    it('never meet a connection of another user, in whatever order they come', async () => {
      const tenancy = await open((route) => (route.name === c ? undefined : userOf(route.name)));
      for (let round = 0; round < 30; round++) {
        const tenant = [a, b, c, b, a, c][round % 6] ?? a;
        const [row] = await tenancy.session(tenant).query<{ me: string }>(whoAmI);
        const [user] = await tenancy
          .session(tenant)
          .query<{ username: string }>('SELECT username FROM users');
        expect(user?.username).toBe(tenant);
        if (tenant === c) expect([...users.values()].map((one) => one.user)).not.toContain(row?.me);
        else expect(row?.me).toBe(userOf(tenant).user);
      }
    });

    it('cannot reach another tenant’s data, not even by SQL that was written to', async () => {
      const tenancy = await open((route) => (route.name === b ? userOf(a) : userOf(route.name)));
      const { database } = (await owner.session(b).ready()).placement;
      if (name === 'mysql') {
        const attack = tenancy.session(a).query(`SELECT * FROM \`${database}\`.users`);
        await expect(attack).rejects.toMatchObject({ kind: 'access-denied' });
      }
      await expect(tenancy.session(b).query('SELECT 1')).rejects.toMatchObject({
        code: 'TENANTRY_SERVER_REFUSED',
        kind: 'access-denied',
      });
    });

    it('have their statements cancelled at the server as those users', async () => {
      const tenancy = await open((route) => userOf(route.name));
      await tenancy.session(a).query('SELECT 1');
      // MySQL's SLEEP would end by itself with its connection.
      const statement = name === 'mysql' ? 'SELECT BENCHMARK(2000000000, MD5(1))' : slow(name, 600);
      const call = tenancy.session(a).query(statement, [], { timeoutMs: 200 });
      expect(await outcome(call)).toBe('TENANTRY_TIMEOUT');
      const running =
        name === 'mysql'
          ? "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT BENCHMARK%'"
          : "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
      await expect.poll(async () => Number((await owner.central.query(running))[0]?.n)).toBe(0);
      expect(await outcome(tenancy.session(a).query('SELECT 1'))).toBe('ok');
    });
  });

  describe('credentials that the server refuses', () => {
    it('are asked for once more, and the refusal shows no secret', async () => {
      let asked = 0;
      const tenancy = await open((route) => {
        asked++;
        return { user: userOf(route.name).user, password: `${CANARY}-wrong` };
      });
      const error = await tenancy
        .session(a)
        .query('SELECT 1')
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'TENANTRY_SERVER_REFUSED', kind: 'access-denied', tenant: a });
      expect(asked).toBe(2);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(CANARY);
      expect(JSON.stringify([error, tenancy.stats()])).not.toContain(CANARY);
    });

    it('were changed at their source: the new ones serve, and nobody notices', async () => {
      let current = userOf(a);
      let asked = 0;
      const tenancy = await open(() => {
        asked++;
        return current;
      });
      await tenancy.session(a).transaction(async (tx) => {
        await tx.query('SELECT 1');
        current = await changePassword(owner, name, a, userOf(a) as TenantUser, `${CANARY}-new`);
        // The connection that is open stays; a second one must prove itself anew.
        expect(await outcome(tenancy.session(a).query('SELECT 1'))).toBe('ok');
      });
      users.set(a, current as TenantUser);
      expect(asked).toBe(2);
    });
  });

  describe('an application that cannot say them', () => {
    it('is told so, whatever it does, and is asked again by the next call', async () => {
      const answers: (() => unknown)[] = [
        () => {
          throw new Error(`vault is sealed, token ${CANARY}`);
        },
        () => Promise.reject(new Error('vault is away')),
        () => ({ user: '', password: CANARY }),
        () => ({ user: 'somebody', password: `${CANARY}\0` }),
        () => null,
        () => userOf(a),
      ];
      const tenancy = await open(() => answers.shift()?.() as TenantCredentials);
      for (let call = 0; call < 5; call++) {
        const error = await tenancy
          .session(a)
          .query('SELECT 1')
          .catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'TENANTRY_CREDENTIALS', status: 503, tenant: a });
        expect((error as Error).message).not.toContain(CANARY);
      }
      expect(await outcome(tenancy.session(a).query('SELECT 1'))).toBe('ok');
    });

    it('is not waited for longer than a connection may take, and hears so', async () => {
      const signals: AbortSignal[] = [];
      const tenancy = await open((_, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      }, 2000);
      const calls = [1, 2, 3].map(() => outcome(tenancy.session(a).query('SELECT 1')));
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['TENANTRY_CREDENTIALS']));
      expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    });

    it('holds no place of the budget, and its callers may give up', async () => {
      const tenancy = await open(() => new Promise(() => {}));
      const controller = new AbortController();
      const calls = Array.from({ length: 20 }, () =>
        outcome(tenancy.session(a).query('SELECT 1', [], { signal: controller.signal })),
      );
      await tenancy.session(a).ready();
      expect(tenancy.stats().servers.main).toMatchObject({ inUse: 0, connecting: 0, waiting: 0 });
      controller.abort();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['TENANTRY_ABORTED']));
    });
  });
});

describe('SQLite', () => {
  const namespace = useNamespace(engineUnderTest('sqlite'));

  it('has no users, and refuses credentials', async () => {
    const owner = await openTenancy(namespace());
    await owner.tenants.create({ name: 'acme' });
    const tenancy = await openTenancy(namespace(), { credentials: () => ({ user: 'somebody' }) });
    expect(await outcome(tenancy.session('acme').query('SELECT 1'))).toBe('TENANTRY_INVALID_OPTION');
    const unnamed = await openTenancy(namespace(), { credentials: () => undefined });
    expect(await outcome(unnamed.session('acme').query('SELECT 1'))).toBe('ok');
  });
});
