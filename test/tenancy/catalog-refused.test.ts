import { describe, expect, it } from 'vitest';
import { createTenancy } from '../../packages/tenantry/src/index.js';
import { forEachServerEngine } from '../faults/setting.js';
import { administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { selectedEngines, sharedServer } from '../helpers/environment.js';
import { catalogUrl, openTenancy } from './tenancies.js';

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);

  /** The catalog's URL for somebody else. */
  function asUser(user: string, password: string): string {
    const url = new URL(catalogUrl({ ...namespace(), url: sharedServer(name).tcpUrl }));
    url.username = user;
    url.password = password;
    return url.href;
  }

  const start = (catalog: string, more: object = {}) =>
    createTenancy({ catalog, servers: { main: namespace().url }, ...more }).then((tenancy) =>
      tenancy.destroy(),
    );

  /** A user who may connect, and do nothing. */
  async function makeUser(): Promise<{ user: string; drop: string }> {
    const user = `${namespace().prefix}nobody`;
    await using administrator = await administrate(namespace().url);
    if (name === 'mysql') await administrator.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'right'`);
    else await administrator.query(`CREATE ROLE "${user}" LOGIN PASSWORD 'right'`);
    return { user, drop: name === 'mysql' ? `DROP USER '${user}'@'%'` : `DROP ROLE "${user}"` };
  }

  describe('a catalog that refuses its user', () => {
    it('says so of a wrong password, of rights that are missing, and where it cannot be made', async () => {
      await openTenancy(namespace());
      const { user, drop } = await makeUser();
      const refused = (hint: string) => ({
        code: 'TENANTRY_CATALOG_REFUSED',
        kind: 'access-denied',
        category: 'refused',
        retryable: false,
        message: expect.stringContaining(`refused user ${user}`),
        hint: expect.stringContaining(hint),
      });
      await expect(start(asUser(user, 'wrong'))).rejects.toMatchObject(refused('the password'));
      await expect(start(asUser(user, 'wrong'), { setup: true })).rejects.toMatchObject(
        refused('the password'),
      );
      // MySQL refuses the database, PostgreSQL the table.
      const rights = name === 'mysql' ? 'may use this database' : 'Grant it';
      await expect(start(asUser(user, 'right'))).rejects.toMatchObject(refused(rights));
      const nowhere = new URL(asUser(user, 'right'));
      nowhere.pathname = `/${namespace().name('Nowhere')}`;
      const make = name === 'mysql' ? 'may use this database' : 'CREATEDB';
      await expect(start(nowhere.href, { setup: true })).rejects.toMatchObject(refused(make));
      await using administrator = await administrate(namespace().url);
      await administrator.query(drop);
    });
  });

  describe('a catalog that is another kind of server than its URL says', () => {
    it('is out of reach, and the URL is named as what may be wrong', async ({ skip }) => {
      const other = name === 'mysql' ? 'postgres' : 'mysql';
      if (!selectedEngines().has(other)) skip(`it takes a ${other} server as well`);
      const url = new URL(asUser('somebody', 'secret'));
      url.port = new URL(sharedServer(other).tcpUrl).port;
      await expect(start(url.href, { timeouts: { connectMs: 1000, catalogMs: 1000 } })).rejects.toMatchObject(
        {
          code: 'TENANTRY_CATALOG_UNAVAILABLE',
          hint: expect.stringContaining(`what its URL says: ${name}.`),
        },
      );
    });
  });
});
