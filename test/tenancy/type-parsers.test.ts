import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { rowPolicies } from '../../packages/tenantry/src/engines/postgres/index.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase } from '../helpers/shared-database.js';
import { openTenancy } from './tenancies.js';

/** bool, int8, int2, int4, text, oid, name, timestamptz. */
const TYPES = [16, 20, 21, 23, 25, 26, 19, 1184];

onEngine('postgres', (engine) => {
  describe('an application that tells the driver for its whole process how to read values', () => {
    const namespace = useNamespace(engine);
    const before = TYPES.map((type) => pg.types.getTypeParser(type));
    afterEach(() => {
      for (const [index, type] of TYPES.entries())
        pg.types.setTypeParser(type, before[index] as (value: string) => unknown);
    });

    it.each(['database', 'schema', 'row'] as const)(
      'reads its own so, and nobody else’s: %s',
      async (isolation) => {
        const shared = await openSharedDatabase(namespace(), `app_${isolation}`);
        if (isolation === 'row')
          await shared.owner(
            `CREATE TABLE numbers (id int, tenant text); GRANT SELECT ON numbers TO ${shared.user};${rowPolicies('numbers', 'tenant')}`,
          );
        for (const type of TYPES) pg.types.setTypeParser(type, (value) => ({ read: value }));
        const tenancy = await openTenancy(namespace(), {
          servers: { main: isolation === 'database' ? namespace().url : { url: shared.url, isolation } },
          provision: { script: 'SELECT 1' },
        });
        const name = namespace().name(`reads_${isolation}`);
        await tenancy.tenants.create({ name });
        await tenancy.tenants.suspend(name);
        await tenancy.tenants.resume(name);
        expect(await tenancy.tenants.get(name)).toMatchObject({ name, status: 'active' });
        expect(await tenancy.session(name).query('SELECT 1::int4 AS id')).toEqual([{ id: { read: '1' } }]);
        expect(await tenancy.central.query('SELECT true AS a')).toEqual([{ a: { read: 't' } }]);
        expect((await tenancy.health()).ok).toBe(true);
        await tenancy.tenants.delete(name);
        await tenancy.close();
        await shared.close();
      },
    );
  });
});
