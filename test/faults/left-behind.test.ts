import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenancy, type Row, type Tenancy } from '../../packages/tenantry/src/index.js';
import {
  type Remains,
  remains,
  remainsSetup,
} from '../../packages/tenantry/src/testing/engine-suite/remains.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { catalogUrl } from '../tenancy/tenancies.js';
import { outcome } from './setting.js';

forEachEngine((engine) => {
  const { name } = engine;
  const namespace = useNamespace(engine);
  let tenancy: Tenancy;
  let first: string;
  let second: string;

  beforeAll(async () => {
    tenancy = await createTenancy({
      catalog: catalogUrl(namespace()),
      setup: true,
      // One connection, so that whoever comes next gets what the one before had. MySQL keeps one to cancel with.
      servers: { main: { url: namespace().url, maxConnections: name === 'mysql' ? 2 : 1 } },
      provision: { script: remainsSetup[name].map((sql) => `${sql};`).join('\n') },
    });
    [first, second] = [namespace().name('first'), namespace().name('second')];
    for (const tenant of [first, second]) await tenancy.tenants.create({ name: tenant });
  });
  afterAll(() => tenancy.destroy());

  async function leaveIn(tenant: string, { leave }: Remains): Promise<void> {
    // What fails, as in a failed transaction, leaves something as well.
    for (const sql of leave) await outcome(tenancy.session(tenant).execute(sql));
  }

  /** What a tenant sees: each value as text, or the kind of the error. */
  async function see(tenant: string, look: string): Promise<unknown> {
    try {
      const rows = await tenancy.session(tenant).query<Row>(look);
      return rows.map((row) => Object.values(row).map(String));
    } catch (error) {
      return (error as { kind?: string }).kind;
    }
  }

  describe.each(Object.entries(remains[name]))('%s that a borrower leaves', (_kind, left) => {
    it.each([
      ['its own tenant', () => first],
      ['another tenant', () => second],
    ])('never meets %s', async (_whom, next) => {
      const expected = await see(next(), left.look);
      await leaveIn(first, left);
      expect(await see(next(), left.look)).toEqual(expected);
    });
  });
});
