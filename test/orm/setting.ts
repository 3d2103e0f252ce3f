import type { OrmSetting, OrmUnderTest } from 'tenantry/testing';
import { rowPolicies } from '../../packages/tenantry/src/engines/postgres/index.js';
import { createTenancy, type Isolation, type Tenancy } from '../../packages/tenantry/src/index.js';
import type { EngineUnderTest, Namespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { catalogUrl, SCHEMA } from '../tenancy/tenancies.js';

/** Fewer connections than tenants, so that they must be shared. */
const CONNECTIONS = 4;
const TENANTS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'];

/** Every table of the part of a database that a session is in. */
const TABLES = {
  mysql:
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY name',
  postgres: 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY name',
  sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
} as const;

/** Ten tenants on an engine, and one instance of an ORM over them. */
export async function ormSetting(
  engine: EngineUnderTest,
  open: (tenancy: Tenancy, tenants: readonly string[]) => OrmUnderTest | Promise<OrmUnderTest>,
  isolation: Isolation = 'database',
): Promise<OrmSetting> {
  const namespace = await engine.openNamespace();
  const shared = isolation === 'database' ? undefined : await openSharedDatabase(namespace);
  if (shared !== undefined && isolation === 'row') await shared.owner(sharedTable(shared));
  const template = namespace.name('Template');
  const tenancy = await createTenancy({
    catalog: catalogUrl(namespace),
    servers: { main: { url: shared?.url ?? namespace.url, maxConnections: CONNECTIONS, isolation } },
    setup: true,
    provision: { script: SCHEMA },
    template,
  });
  const tenants = TENANTS.map((name) => namespace.name(name));
  for (const name of [template, ...tenants]) await tenancy.tenants.create({ name });
  return {
    tenancy,
    tenants,
    // All rows are in one table, which belongs to nobody's tenant.
    ...(isolation !== 'row' && {
      tables: async (tenant?: string) => {
        const names = () => tenancy.session().query<{ name: string }>(TABLES[engine.name]);
        const rows = await (tenant === undefined ? tenancy.asTemplate(names) : tenancy.run(tenant, names));
        return rows.map(({ name }) => name);
      },
    }),
    open: async () => open(tenancy, tenants),
    close: () => close(tenancy, shared, namespace),
  };
}

async function close(tenancy: Tenancy, shared: SharedDatabase | undefined, namespace: Namespace) {
  await tenancy.close();
  await shared?.close();
  await namespace.close();
}

/** The table of all tenants: an id is a tenant's own. */
function sharedTable({ user }: SharedDatabase): string {
  return `
    CREATE TABLE users (
      tenant uuid NOT NULL DEFAULT current_setting('tenantry.tenant')::uuid,
      id int NOT NULL,
      username text NOT NULL,
      PRIMARY KEY (tenant, id)
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON users TO ${user};
    ${rowPolicies('users', 'tenant', { type: 'uuid' })}`;
}
