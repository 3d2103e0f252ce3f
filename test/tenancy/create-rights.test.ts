import { describe, expect, it } from 'vitest';
import { administrate } from '../helpers/administrator.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

forEachEngine((engine) => {
  if (engine.name === 'sqlite') return it('is shown where users have rights', () => {});
  const namespace = useNamespace(engine);

  describe('a user who may make no database', () => {
    it('is told so by create, which leaves nothing and is not to be repeated as it is', async () => {
      const { server, name: inNamespace, prefix } = namespace();
      if (server === undefined) throw new Error('It takes a server.');
      const user = `${prefix}maker`;
      const [make, drop] =
        engine.name === 'mysql'
          ? [`CREATE USER '${user}'@'%' IDENTIFIED BY 'maker'`, `DROP USER '${user}'@'%'`]
          : [`CREATE ROLE ${user} LOGIN PASSWORD 'maker'`, `DROP ROLE ${user}`];
      await using administrator = await administrate(server.url);
      await administrator.query(make);
      const url = new URL(server.tcpUrl);
      url.username = user;
      url.password = 'maker';
      const tenancy = await openTenancy(namespace(), { servers: { main: url.href } });
      const name = inNamespace('unmade');
      await expect(tenancy.tenants.create({ name })).rejects.toMatchObject({
        code: 'TENANTRY_SERVER_REFUSED',
        kind: 'access-denied',
        retryable: false,
        hint: expect.stringContaining('rights to create databases'),
      });
      await expect(tenancy.tenants.get(name)).rejects.toMatchObject({ code: 'TENANTRY_UNKNOWN_TENANT' });
      expect(await administrator.databases(name)).toEqual([]);
      await tenancy.destroy();
      await administrator.query(drop);
    });
  });
});
