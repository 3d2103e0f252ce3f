import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowPolicies } from '../../packages/tenantry/src/engines/postgres/index.js';
import type { Tenancy, TenancyOptions } from '../../packages/tenantry/src/index.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { openTenancy } from './tenancies.js';

const SCHEMA = 'CREATE TABLE users (id serial PRIMARY KEY, username text NOT NULL);';
const NAMES = 'SELECT username FROM users ORDER BY username';

onEngine('postgres', (engine) => {
  describe.each(['schema', 'row'] as const)('tenants that are kept apart by %s', (isolation) => {
    const namespace = useNamespace(engine);
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await openSharedDatabase(namespace());
      if (isolation === 'row') await shared.owner(sharedTable('users', shared.user));
    });
    afterAll(() => shared?.close());

    function open(options: Partial<TenancyOptions> = {}, maxConnections = 2): Promise<Tenancy> {
      return openTenancy(namespace(), {
        servers: { main: { url: shared.url, isolation, maxConnections, maxConnectionsPerTenant: 2 } },
        provision: { script: SCHEMA },
        ...options,
      });
    }

    async function twoTenants(tenancy: Tenancy, suffix: string): Promise<readonly [string, string]> {
      const names = [namespace().name(`a_${suffix}`), namespace().name(`b_${suffix}`)] as const;
      for (const name of names) {
        await tenancy.tenants.create({ name });
        await tenancy.session(name).execute('INSERT INTO users (username) VALUES ($1)', [`user of ${name}`]);
      }
      return names;
    }

    it('reach their own rows and no others, in parallel on two connections', async () => {
      const tenancy = await open();
      const names = await twoTenants(tenancy, 'parallel');
      const asked = Array.from({ length: 200 }, (_, i) => names[i % 2] as string);
      const answers = await Promise.all(asked.map((name) => tenancy.session(name).query(NAMES)));
      for (const [i, rows] of answers.entries()) expect(rows).toEqual([{ username: `user of ${asked[i]}` }]);
      const { totals } = tenancy.stats().servers.main ?? {};
      expect(totals?.rebinds).toBeGreaterThan(0);
      expect(totals?.opened).toBeLessThanOrEqual(6);
    });

    it('lives in a part of its own, which is remembered for ever', async () => {
      const tenancy = await open();
      const name = namespace().name('placed');
      const first = await tenancy.tenants.create({ name });
      expect(first.placement).toMatchObject({ database: shared.database, isolation });
      await tenancy.tenants.delete(name);
      const second = await tenancy.tenants.create({ name });
      const part = ({ placement: { schema, rowKey } }: typeof first) => schema ?? rowKey;
      expect(part(first)).toBeTypeOf('string');
      expect(part(second)).not.toBe(part(first));
      expect(await tenancy.session(name).query(NAMES)).toEqual([]);
    });
  });
});

/** A table that tenants share, as its owner makes it. */
function sharedTable(table: string, user: string): string {
  return `
    CREATE TABLE ${table} (
      id serial PRIMARY KEY,
      tenant uuid NOT NULL DEFAULT current_setting('tenantry.tenant')::uuid,
      username text NOT NULL
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${user};
    GRANT USAGE ON SEQUENCE ${table}_id_seq TO ${user};
    ${rowPolicies(table, 'tenant', { type: 'uuid' })}`;
}
