import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mariadbPool, mysqlPool } from '../../../src/adapters/mysql/index.js';
import { createTenancy, type Tenancy } from '../../../src/index.js';
import { useServer } from '../../engines/mysql/test-server.js';

const TENANT = 'acme';
const WRITE = "INSERT INTO notes (text) VALUES ('x')";

onEngine('mysql', () => {
  // Of its own, because it is switched.
  const test = useServer({ max_connections: 200 });
  let tenancy: Tenancy;

  beforeAll(async () => {
    // An administrator may write whatever the server takes.
    await test.admin("CREATE USER app@localhost IDENTIFIED BY 'app'");
    await test.admin('GRANT ALL ON *.* TO app@localhost WITH GRANT OPTION');
    await test.admin('REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM app@localhost');
    const url = Object.assign(new URL(test.url), { username: 'app', password: 'app' });
    const catalog = Object.assign(new URL(url), { pathname: '/general' });
    tenancy = await createTenancy({
      catalog: catalog.href,
      servers: { main: { url: url.href, maxConnections: 4 } },
      setup: true,
      provision: {
        script:
          'CREATE TABLE notes (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(20) NOT NULL)',
      },
    });
    await tenancy.tenants.create({ name: TENANT });
    await tenancy.tenants.create({ name: 'spare' });
    await tenancy.central.execute(
      'CREATE TABLE notes (id BIGINT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(20))',
    );
  });
  afterAll(() => tenancy?.close());

  const setReadOnly = (isReadOnly: boolean) =>
    test.admin(`SET GLOBAL read_only = ${isReadOnly ? 'ON' : 'OFF'}`);
  const sessionsOf = async (kind: 'tenant' | 'catalog') => {
    const database = "db = 'general'";
    const rows = await test.admin(
      `SELECT id FROM information_schema.processlist WHERE user = 'app' AND ${kind === 'catalog' ? database : `NOT ${database}`}`,
    );
    return rows.map(({ id }) => Number(id));
  };
  /** Has several of the tenant's connections idle. */
  const warm = async () => {
    const session = tenancy.session(TENANT);
    await Promise.all([1, 2, 3].map(() => session.query('SELECT SLEEP(0.05)')));
    await Promise.all([1, 2].map(() => tenancy.central.query('SELECT SLEEP(0.05)')));
  };

  const ambient = <T>(work: () => Promise<T>) => tenancy.run(TENANT, work);
  const doors: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a session', () => tenancy.session(TENANT).execute(WRITE)],
    ['a transaction', () => tenancy.session(TENANT).transaction((tx) => tx.execute(WRITE))],
    [
      'a transaction of the run',
      () => ambient(() => tenancy.session(TENANT).transaction((tx) => tx.execute(WRITE))),
    ],
    [
      'a lent client',
      async () => {
        const lease = await tenancy.clients(TENANT).acquire();
        try {
          const client = lease.client as import('mysql2').Connection;
          return await client.promise().query(WRITE);
        } finally {
          lease.release();
        }
      },
    ],
    [
      'a lent client, prepared',
      async () => {
        const lease = await tenancy.clients(TENANT).acquire();
        try {
          const client = lease.client as import('mysql2').Connection;
          return await client.promise().execute('INSERT INTO notes (text) VALUES (?)', ['x']);
        } finally {
          lease.release();
        }
      },
    ],
    ['mysqlPool.query', () => mysqlPool(tenancy, { tenant: TENANT }).promise().query(WRITE)],
    ['mysqlPool.execute', () => mysqlPool(tenancy, { tenant: TENANT }).promise().execute(WRITE)],
    [
      "mysqlPool's connection, in a transaction",
      async () => {
        const connection = await mysqlPool(tenancy, { tenant: TENANT }).promise().getConnection();
        try {
          await connection.beginTransaction();
          await connection.query(WRITE);
          await connection.commit();
        } catch (error) {
          await connection.rollback();
          throw error;
        } finally {
          connection.release();
        }
      },
    ],
    ['mariadbPool.query', () => mariadbPool(tenancy, { tenant: TENANT }).query(WRITE)],
    ['mariadbPool.execute', () => mariadbPool(tenancy, { tenant: TENANT }).execute(WRITE)],
    ['central', () => tenancy.central.execute(WRITE)],
    ['the catalog', () => tenancy.tenants.suspend('spare')],
  ];

  describe('a server that takes no writes any more', () => {
    it.each(doors)('is asked anew after its first refusal: %s', async (name, write) => {
      const kind = name === 'central' || name === 'the catalog' ? 'catalog' : 'tenant';
      await warm();
      const before = await sessionsOf(kind);
      await setReadOnly(true);
      const refused = await write().then(
        () => undefined,
        (error: unknown) => error,
      );
      await setReadOnly(false);
      expect(String(refused)).toMatch(/read[-_ ]only|takes no writes/i);
      await write();
      if (kind === 'tenant') {
        // All of them, because the others are to the same server.
        await expect
          .poll(async () => (await sessionsOf(kind)).filter((id) => before.includes(id)))
          .toEqual([]);
      } else {
        await expect
          .poll(async () => (await sessionsOf(kind)).filter((id) => before.includes(id)).length)
          .toBeLessThan(before.length);
      }
    });

    it('is not meant by a transaction that was to read only, nor by what another option forbids', async () => {
      const session = tenancy.session(TENANT);
      await warm();
      const before = await sessionsOf('tenant');
      const reading = session.transaction((tx) => tx.execute(WRITE), { readOnly: true });
      await expect(reading).rejects.toThrow();
      const forbidden = session.query("SELECT 1 INTO OUTFILE '/nowhere/at-all'");
      await expect(forbidden).rejects.toThrow();
      await session.execute(WRITE);
      expect(await sessionsOf('tenant')).toEqual(expect.arrayContaining(before));
    });
  });
});
