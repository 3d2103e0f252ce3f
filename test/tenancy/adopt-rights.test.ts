import { describe, expect, it } from 'vitest';
import { administrate } from '../helpers/administrator.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

forEachEngine((engine) => {
  if (engine.name !== 'mysql') return it('is shown where users have rights in single databases', () => {});
  const namespace = useNamespace(engine);

  describe('a database in which the user may make no table', () => {
    it('is rejected alone, foreseen by a dry run, and adopted by its name', async () => {
      const { server, name: inNamespace, prefix } = namespace();
      if (server === undefined) throw new Error('It takes a server.');
      const [open, closed, user] = [inNamespace('open'), inNamespace('closed'), `${prefix}reader`];
      await using administrator = await administrate(server.url);
      for (const sql of [
        `CREATE DATABASE \`${open}\``,
        `CREATE DATABASE \`${closed}\``,
        `CREATE USER '${user}'@'%' IDENTIFIED BY 'reader'`,
        `GRANT ALL ON \`${open}\`.* TO '${user}'@'%'`,
        `GRANT SELECT, INSERT, UPDATE ON \`${closed}\`.* TO '${user}'@'%'`,
      ]) {
        await administrator.query(sql);
      }
      const url = new URL(server.tcpUrl);
      url.username = user;
      url.password = 'reader';
      const tenancy = await openTenancy(namespace(), { servers: { main: url.href } });
      const adopt = (name: string, more: object = {}) => tenancy.tenants.adopt({ name, ...more });
      for (const dryRun of [true, false]) {
        await expect(adopt(closed, { dryRun })).rejects.toMatchObject({
          code: 'TENANTRY_INVALID_INPUT',
          tenant: closed,
          hint: expect.stringContaining('name-only'),
        });
        await expect(tenancy.tenants.get(closed)).rejects.toMatchObject({ code: 'TENANTRY_UNKNOWN_TENANT' });
        expect(await adopt(open, { dryRun })).toMatchObject({ outcome: 'registered' });
      }
      expect(await adopt(closed, { identity: 'name' })).toMatchObject({ outcome: 'registered' });
      await administrator.query(`DROP USER '${user}'@'%'`);
    });
  });
});
