import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTenancy, type Tenancy } from '../../packages/tenantry/src/index.js';
import { administrate } from '../helpers/administrator.js';
import { useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { catalogUrl, openTenancy } from '../tenancy/tenancies.js';
import { type LimitedUser, limitedUser } from './limited-user.js';
import { forEachServerEngine } from './setting.js';

const TIMEOUTS = { connectMs: 100, catalogMs: 400 };

forEachServerEngine((engine, name) => {
  const namespace = useNamespace(engine);
  let user: LimitedUser;
  beforeEach(async () => {
    user = await limitedUser(name, sharedServer(name), { prefix: namespace().prefix, limit: 1 });
  });
  afterEach(() => user[Symbol.asyncDispose]());

  describe('a catalog whose server takes no more connections', () => {
    it('is told so, and not that somebody holds locks', async () => {
      // Who may make databases makes the catalog, and owns it.
      const catalog = catalogUrl({ ...namespace(), url: user.url });
      await (await openTenancy(namespace(), { catalog })).close();
      await using _holder = await administrate(user.url);
      const start = createTenancy({ catalog, servers: { main: namespace().url }, timeouts: TIMEOUTS });
      await expect(start.then((tenancy: Tenancy) => tenancy.destroy())).rejects.toMatchObject({
        code: 'TENANTRY_CATALOG_UNAVAILABLE',
        kind: 'too-many-connections',
        message: expect.stringMatching(/it takes no more connections.*: \S/),
        hint: expect.stringContaining('raise the limit'),
        cause: expect.objectContaining({ message: expect.any(String) }),
      });
    });
  });
});
