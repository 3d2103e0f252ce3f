import { createTenancy, type Tenancy, type TenancyOptions } from 'tenantry';
import { afterEach } from 'vitest';
import { type EngineUnderTest, useNamespace } from '../../../../../test/helpers/engines.js';

type Options = Partial<TenancyOptions> & { readonly maxConnections?: number };

/** A tenancy on PostgreSQL with two tenants, each of which has its name in its one row of `notes`. */
export interface Tenants {
  readonly a: string;
  readonly b: string;
  /** A tenancy on the same catalog; it ends with the test. */
  open(options?: Options): Promise<Tenancy>;
}

/** Gives a suite its tenants. Filled in when the first tenancy is opened. */
export function useTenants(engine: EngineUnderTest): Tenants {
  const namespace = useNamespace(engine);
  const opened: Tenancy[] = [];
  const name = (suffix: string) => namespace().name(suffix);
  afterEach(() => Promise.all(opened.splice(0).map((tenancy) => tenancy.destroy())));
  let made: Promise<void> | undefined;

  const create = async ({ maxConnections = 4, ...options }: Options = {}) => {
    const { url } = namespace();
    const catalog = new URL(url);
    catalog.pathname = `/${name('General')}`;
    return createTenancy({
      catalog: catalog.href,
      servers: { main: { url, maxConnections, maxConnectionsPerTenant: maxConnections } },
      setup: true,
      provision: { script: 'CREATE TABLE notes (id INT PRIMARY KEY, text TEXT NOT NULL)' },
      ...options,
    });
  };
  // With a tenancy of their own, so that those of the tests have opened nothing yet.
  const make = async () => {
    await using tenancy = await create();
    for (const tenant of [name('a'), name('b')]) {
      await tenancy.tenants.create({ name: tenant });
      await tenancy.session(tenant).execute('INSERT INTO notes VALUES (1, $1)', [tenant]);
    }
  };
  const open = async (options?: Options) => {
    made ??= make();
    await made;
    const tenancy = await create(options);
    opened.push(tenancy);
    return tenancy;
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
