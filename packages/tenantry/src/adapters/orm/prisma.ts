import { AsyncLocalStorage } from 'node:async_hooks';
import { NotSupportedError } from '../../errors.js';
import { assertFunction } from '../../input/call-options.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { Tenancy } from '../../tenancy.js';
import { type DataLoader, type DataLoaderClass, LoaderPerTenant } from './data-loader.js';
import { bindCalls, type PrismaCalls } from './prisma-calls.js';

/** Two that ask in one tick, in a context of the trial's own. */
const PROBES = ['a', 'b'] as const;

/** What is used here of a Prisma client beyond its types. */
interface PrismaInternals {
  readonly _requestHandler?: RequestHandler;
  /** Itself, without what its proxies add; extended clients inherit from it. */
  readonly _originalClient?: PrismaCalls;
}

interface RequestHandler {
  dataloader?: DataLoader;
  request?(request: object): Promise<unknown>;
}

/**
 * One Prisma client that serves every tenant: each call goes to the tenant of the context that it was made in,
 * whoever awaits it, wherever. `make` builds it over an ambient pool.
 *
 * A query that is made in one tenant's context and given to another's `$transaction([...])` is refused
 * (`TENANTRY_TENANT_SWITCH`), and one that is made outside of every context belongs to nobody, wherever it is
 * awaited (`TENANTRY_NO_TENANT`). What a transaction's own client does stays on its connection.
 *
 * Prisma sends the queries of one tick together, in the async context of whoever asked first, which over a pool
 * for all tenants would answer one tenant's query from another's data. So the client gets a loader for each
 * tenant, and before it is handed out it is tried whether it keeps two tenants apart that ask in one tick, and
 * whether its queries can be bound. That reaches into Prisma 7's internals, which may change with any version: then this refuses, and
 * {@link prismaPerTenant} serves instead.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of Prisma cannot be kept from mixing tenants.
 * @example
 * ```ts
 * const prisma = await ambientPrisma(tenancy, () => new PrismaClient({ adapter: new PrismaPg(pgPool(tenancy)) }))
 * await tenancy.run('acme', async () => prisma.user.findMany())
 * ```
 */
export async function ambientPrisma<Client extends object>(
  tenancy: Tenancy,
  make: () => Client,
): Promise<Client> {
  assertTenancy('ambientPrisma', tenancy);
  assertFunction('ambientPrisma', make);
  const client = make();
  const { _requestHandler: handler, _originalClient: original } = Object(client) as PrismaInternals;
  const loader = handler?.dataloader;
  if (handler === undefined || loader?.options === undefined || typeof handler.request !== 'function') {
    throw unsafe('it has no data loader where Prisma 7 has one');
  }
  if (original === undefined) throw unsafe('its queries are not made where Prisma 7 makes them');
  const Loader = loader.constructor as DataLoaderClass;
  const loaders = new LoaderPerTenant(() => whoseOf(tenancy), Loader, loader.options);
  await assertKeepsApart(handler, Loader);
  handler.dataloader = loaders;
  const flaw = bindCalls(tenancy, original);
  if (flaw !== undefined) throw unsafe(flaw);
  return client;
}

/**
 * Sends what two tenants ask in one tick through the client's own handler and its own kind of loader, with
 * something in the database's place that says in whose context it is asked.
 */
async function assertKeepsApart(handler: RequestHandler, Loader: DataLoaderClass): Promise<void> {
  const context = new AsyncLocalStorage<string>();
  const asker = () => context.getStore() ?? 'nobody';
  const whose = () => ({ data: asker() });
  const probe = {
    batchBy: () => 'probe',
    batchOrder: () => 0,
    singleLoader: async () => whose(),
    batchLoader: async (requests: readonly unknown[]) => requests.map(whose),
  };
  const own = handler.dataloader;
  handler.dataloader = new LoaderPerTenant(asker, Loader, probe);
  try {
    const asked = [...PROBES, ...PROBES];
    const answers = await Promise.all(
      asked.map((name) => context.run(name, async () => (await handler.request?.({})) as { data: string })),
    );
    const isRight = answers.every((answer, index) => answer?.data === asked[index]);
    if (!isRight) throw unsafe('two tenants that asked in one tick were answered in one context');
  } catch (error) {
    if (error instanceof NotSupportedError) throw error;
    throw unsafe('its data loader is not the one of Prisma 7', error);
  } finally {
    if (own !== undefined) handler.dataloader = own;
  }
}

/** One text for all that may be sent together: one tenant's, and of one life of it. Throws NoTenantError where none is in context. */
function whoseOf(tenancy: Tenancy): string {
  const { tenant } = tenancy.session();
  const { id, epoch } = tenancy.current() ?? { id: tenant, epoch: 0 };
  return `${id} ${epoch}`;
}

function unsafe(why: string, cause?: unknown): NotSupportedError {
  return new NotSupportedError(`This Prisma client cannot serve every tenant: ${why}.`, {
    hint: 'Use prismaPerTenant, or a version of Prisma that docs/compatibility.md names.',
    cause,
  });
}
