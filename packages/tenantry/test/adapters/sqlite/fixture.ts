import {
  type EngineUnderTest,
  type Namespace,
  onEngine,
  useNamespace,
} from '../../../../../test/helpers/engines.js';
import { insertUser, openTenancy } from '../../../../../test/tenancy/tenancies.js';
import type { Tenancy } from '../../../src/index.js';

let made = 0;

/** Two tenants in files, `one` and `other`, each with a user whose name says whose it is, and both known. */
export interface TwoTenants {
  readonly tenancy: Tenancy;
  readonly one: string;
  readonly other: string;
}

/** Defines a suite for each driver of SQLite; `open` makes two tenants. */
export function onSqlite(
  define: (
    open: (maxConnections?: number) => Promise<TwoTenants>,
    engine: EngineUnderTest,
    namespace: () => Namespace,
  ) => void,
): void {
  onEngine('sqlite', (engine) => {
    const namespace = useNamespace(engine);
    define((maxConnections = 8) => open(namespace(), maxConnections), engine, namespace);
  });
}

async function open(namespace: Namespace, maxConnections: number): Promise<TwoTenants> {
  const tenancy = await openTenancy(namespace, {
    servers: { main: { url: namespace.url, maxConnections, maxConnectionsPerTenant: maxConnections } },
  });
  const names = [namespace.name(`one${++made}`), namespace.name(`other${made}`)] as const;
  for (const name of names) {
    await tenancy.tenants.create({ name });
    await tenancy.session(name).execute(insertUser(1, name));
  }
  return { tenancy, one: names[0], other: names[1] };
}
