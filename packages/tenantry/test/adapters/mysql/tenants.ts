import { afterAll, beforeAll } from 'vitest';
import { type EngineUnderTest, useNamespace } from '../../../../../test/helpers/engines.js';
import { createTenancy, type Tenancy } from '../../../src/index.js';

/** What every tenant begins with: a row that says whose it is. */
const SCRIPT = `CREATE TABLE who (name VARCHAR(100) NOT NULL PRIMARY KEY);
CREATE TABLE notes (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(200) NOT NULL UNIQUE);`;

export const WHO = 'SELECT name FROM who';

/** A tenancy with tenants, for a whole suite. Filled in before its tests run. */
export interface Tenants {
  readonly tenancy: Tenancy;
  readonly a: string;
  readonly b: string;
  /** Connections that are leased now. */
  inUse(): number;
  /** What the pool has counted since the start. */
  totals(): Record<string, number>;
}

export function useTenants(
  engine: EngineUnderTest,
  options: { maxConnections?: number; query?: string } = {},
): Tenants {
  const namespace = useNamespace(engine);
  const test: Partial<{ -readonly [Key in keyof Tenants]: Tenants[Key] }> = {};
  beforeAll(async () => {
    const { url, name } = namespace();
    const catalog = new URL(url);
    catalog.pathname = `/${name('General')}`;
    const tenancy = await createTenancy({
      catalog: catalog.href,
      servers: { main: { url: withQuery(url, options.query), maxConnections: options.maxConnections ?? 4 } },
      setup: true,
      provision: { script: SCRIPT },
    });
    for (const key of ['a', 'b'] as const) {
      test[key] = name(key);
      await tenancy.tenants.create({ name: test[key] });
      await tenancy.session(test[key]).execute('INSERT INTO who VALUES (?)', [test[key]]);
    }
    test.tenancy = tenancy;
    test.inUse = () => tenancy.stats().servers.main?.inUse ?? 0;
    test.totals = () => ({ ...tenancy.stats().servers.main?.totals }) as Record<string, number>;
  });
  afterAll(async () => {
    await test.tenancy?.close();
  });
  return test as Tenants;
}

function withQuery(url: string, query: string | undefined): string {
  return query === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
