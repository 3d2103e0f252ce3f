import { createTenancy, type Tenancy, type TenancyOptions } from 'tenantry';
import { afterAll } from 'vitest';
import { type EngineUnderTest, useNamespace } from '../../../../../test/helpers/engines.js';

/** A tenancy on PostgreSQL with two tenants, each of which has its name in its one row of `notes`. */
export interface Tenants {
  readonly a: string;
  readonly b: string;
  /** A tenancy on the same catalog; it ends with the suite. */
  open(options?: Partial<TenancyOptions> & { readonly maxConnections?: number }): Promise<Tenancy>;
}

/** Gives a suite its tenants. Filled in when the first tenancy is opened. */
export function useTenants(engine: EngineUnderTest): Tenants {
  const namespace = useNamespace(engine);
  const opened: Tenancy[] = [];
  const name = (suffix: string) => namespace().name(suffix);
  afterAll(() => Promise.all(opened.map((tenancy) => tenancy.destroy())));
  let made: Promise<void> | undefined;

  const open: Tenants['open'] = async ({ maxConnections = 4, ...options } = {}) => {
    const { url } = namespace();
    const catalog = new URL(url);
    catalog.pathname = `/${name('General')}`;
    const tenancy = await createTenancy({
      catalog: catalog.href,
      servers: { main: { url, maxConnections, maxConnectionsPerTenant: maxConnections } },
      setup: true,
      provision: { script: 'CREATE TABLE notes (id INT PRIMARY KEY, text TEXT NOT NULL)' },
      ...options,
    });
    opened.push(tenancy);
    made ??= make(tenancy);
    await made;
    return tenancy;
  };
  const make = async (tenancy: Tenancy) => {
    for (const tenant of [name('a'), name('b')]) {
      await tenancy.tenants.create({ name: tenant });
      await tenancy.session(tenant).execute('INSERT INTO notes VALUES (1, $1)', [tenant]);
    }
  };
  return {
    get a() {
      return name('a');
    },
    get b() {
      return name('b');
    },
    open,
  };
}

/** What a tenant's table says whose it is. */
export const WHOSE = 'SELECT text FROM notes WHERE id = 1';
