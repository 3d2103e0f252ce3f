import type { PoolConnection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEngine, useNamespace } from '../../../../../test/helpers/engines.js';
import { shown } from '../../../../../test/helpers/shown.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { createTenancy, type Tenancy } from '../../../src/index.js';

const CANARY = 'canary-password-78';
const MARKER = 'of-the-next-tenant';

onEngine('mysql', (engine) => {
  const namespace = useNamespace(engine);
  let tenancy: Tenancy;
  let administrator: Tenancy;
  const names = { a: '', b: '' };

  beforeAll(async () => {
    const { url, name } = namespace();
    const user = name('Shown');
    const catalog = new URL(url);
    catalog.pathname = `/${name('General')}`;
    administrator = await createTenancy({ catalog: catalog.href, servers: { main: url }, setup: true });
    await administrator.central.execute(`CREATE USER \`${user}\`@localhost IDENTIFIED BY '${CANARY}'`);
    await administrator.central.execute(`GRANT ALL ON *.* TO \`${user}\`@localhost`);
    const server = Object.assign(new URL(url), { username: user, password: CANARY }).href;
    Object.assign(catalog, { username: user, password: CANARY });
    // One connection, so that the next tenant is served by the one before's.
    tenancy = await createTenancy({
      catalog: catalog.href,
      servers: { main: { url: server, maxConnections: 1 } },
    });
    for (const key of ['a', 'b'] as const) {
      names[key] = name(key);
      await tenancy.tenants.create({ name: names[key] });
    }
  });
  afterAll(async () => {
    await tenancy?.close();
    await administrator?.central.execute(`DROP USER \`${namespace().name('Shown')}\`@localhost`);
    await administrator?.close();
  });

  /** All that somebody gets by a tenant's pools, by name. */
  const everything = async (): Promise<Map<string, unknown>> => {
    const things = new Map<string, unknown>();
    const [ours, theirs] = [{ tenant: names.a }, { tenant: names.a }];
    const pool = mysqlPool(tenancy, ours);
    things.set('mysqlPool', pool).set('its promise face', pool.promise());
    const run = (send: (done: (error: unknown) => void) => unknown) =>
      new Promise<unknown>((resolve) => {
        const command: unknown = send((error) => resolve([command, error]));
      });
    things.set('pool.query', await run((done) => pool.query('SELECT 1', done)));
    things.set('pool.execute', await run((done) => pool.execute('SELECT 1', done)));
    things.set('an error of pool.query', await run((done) => pool.query('SELECT nonsense', done)));
    things.set('an error of pool.execute', await run((done) => pool.execute('SELECT nonsense', done)));
    const streaming = pool.query('SELECT seq FROM seq_1_to_200');
    const stream = streaming.stream();
    for await (const row of stream) expect(row).toBeDefined();
    things.set('streaming', streaming).set('stream', stream);
    const connection = await new Promise<PoolConnection>((resolve, reject) => {
      pool.getConnection((error, lent) => (error ? reject(error) : resolve(lent)));
    });
    things.set('lent', connection).set('its face', connection.promise());
    things.set('its command', await run((done) => connection.query('SELECT 1', done)));
    things.set('its execute', await run((done) => connection.execute('SELECT 1', done)));
    connection.release();

    const mariadb = mariadbPool(tenancy, theirs);
    const one = await mariadb.getConnection();
    things.set('mariadbPool', mariadb).set('connection of mariadb', one);
    const prepared = await one.prepare('SELECT ?');
    things.set('rows of mariadb', [...(await one.query('SELECT 1')), ...(await prepared.execute([1]))]);
    things.set('statement of mariadb', prepared);
    const read = one.queryStream('SELECT seq FROM seq_1_to_200');
    for await (const row of read) expect(row).toBeDefined();
    things.set('stream of mariadb', read);
    things.set('error of mariadb', await one.query('SELECT nonsense').catch((error: unknown) => error));
    prepared.close();
    await one.release();
    const session = tenancy.session(names.a);
    things.set('session', session);
    things.set("a session's error", await session.query('SELECT nonsense').catch((error: unknown) => error));
    return things.set('stats', tenancy.stats());
  };

  describe('what is printed of pools on MySQL and of all that they gave', () => {
    it('holds no password, and nothing of whom its connection serves then', async () => {
      const things = await everything();
      const secret = tenancy.session(names.b).query(`SELECT '${MARKER}', SLEEP(1)`);
      while ((tenancy.stats().servers.main?.inUse ?? 0) === 0) await new Promise(setImmediate);
      for (const [name, thing] of things) {
        // Objects of that driver hold each other many times over.
        const text = shown(thing, name.includes('mariadb') ? 2 : 8);
        expect(text, name).not.toContain(MARKER);
        expect(text, name).not.toContain(CANARY);
      }
      await secret;
    });
  });
});
