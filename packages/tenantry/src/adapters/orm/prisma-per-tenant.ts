import { ClosedError, InvalidOptionError } from '../../errors.js';
import { assertFunction } from '../../input/call-options.js';
import { assertKnownKeys } from '../../input/known-keys.js';

/** How many clients are kept. */
export interface PrismaPerTenantOptions {
  /**
   * Clients kept at once, about half a megabyte each for twenty models; one that is in use is never closed, so there
   * can be more for a while. 1 to 10000. Default 50.
   */
  readonly max?: number | undefined;
}

/** Prisma clients, one for each tenant that was asked for lately. */
export interface PrismaPerTenant<Client> {
  /**
   * Runs `fn` with the tenant's client, which is not closed before `fn` has ended.
   *
   * @throws ClosedError (`TENANTRY_CLOSED`) after `close`.
   */
  run<T>(tenant: string, fn: (client: Client) => T | PromiseLike<T>): Promise<T>;
  /** Closes every client; resolves when the last is closed. */
  close(): Promise<void>;
}

interface Entry<Client> {
  readonly client: Client;
  users: number;
}

/**
 * A Prisma client for each tenant, the ones that were used longest ago closed: what to do where
 * `ambientPrisma` refuses. `make` builds a client over the pool of one named tenant.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 * @example
 * ```ts
 * const clients = prismaPerTenant((tenant) => new PrismaClient({ adapter: new PrismaPg(pgPool(tenancy, { tenant })) }))
 * const users = await clients.run('acme', (prisma) => prisma.user.findMany())
 * ```
 */
export function prismaPerTenant<Client extends { $disconnect(): Promise<void> }>(
  make: (tenant: string) => Client,
  options: PrismaPerTenantOptions = {},
): PrismaPerTenant<Client> {
  assertFunction('prismaPerTenant', make);
  assertKnownKeys('prismaPerTenant', options, ['max']);
  const { max = 50 } = options;
  if (!Number.isInteger(max) || max < 1 || max > 10_000) {
    throw new InvalidOptionError('max must be a whole number from 1 to 10000.');
  }
  /** In the order of use. */
  const entries = new Map<string, Entry<Client>>();
  let closed = false;
  const closing = new Set<Promise<void>>();

  const disconnect = (client: Client) => {
    const done = client.$disconnect().then(
      () => {},
      () => {},
    );
    closing.add(done);
    void done.then(() => closing.delete(done));
  };
  const shrink = (limit: number) => {
    for (const [tenant, { client, users }] of entries) {
      if (entries.size <= limit) return;
      if (users > 0) continue;
      entries.delete(tenant);
      disconnect(client);
    }
  };
  return {
    async run(tenant, fn) {
      if (closed) throw new ClosedError('The Prisma clients were closed.');
      const entry = entries.get(tenant) ?? { client: make(tenant), users: 0 };
      entries.delete(tenant);
      entries.set(tenant, entry);
      entry.users++;
      shrink(max);
      try {
        return await fn(entry.client);
      } finally {
        entry.users--;
        shrink(closed ? 0 : max);
      }
    },
    async close() {
      closed = true;
      shrink(0);
      await Promise.all(closing);
    },
  };
}
