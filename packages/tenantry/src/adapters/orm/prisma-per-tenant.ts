import { ClosedError, InvalidOptionError } from '../../errors.js';
import { assertFunction } from '../../input/call-options.js';
import { assertKnownKeys } from '../../input/known-keys.js';
import { keyOf, type TenantRef } from '../../tenant/ref.js';

/** How many clients are kept. */
export interface PrismaPerTenantOptions {
  /**
   * Clients kept at once, about half a megabyte each for twenty models; one that is in use is never closed, so there
   * can be more for a while. 1 to 10000. Default 50.
   */
  readonly max?: number | undefined;
}

/** Prisma clients, one for each tenant that was asked for lately. */
export interface PrismaPerTenant<Client, Ref extends TenantRef = string> {
  /**
   * Runs `fn` with the tenant's client, which is not closed before `fn` has ended.
   *
   * @throws ClosedError (`TENANTRY_CLOSED`) after `close`; NoTenantError (`TENANTRY_NO_TENANT`) for what names no tenant.
   */
  run<T>(tenant: Ref, fn: (client: Client) => T | PromiseLike<T>): Promise<T>;
  /** Closes every client, those in use when their work has ended; resolves when the last is closed. */
  close(): Promise<void>;
}

interface Entry<Client> {
  readonly client: Client;
  users: number;
  /** Tells whoever waits for the end of a client in use. */
  ended?: () => void;
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
export function prismaPerTenant<
  Client extends { $disconnect(): Promise<void> },
  Ref extends TenantRef = string,
>(make: (tenant: Ref) => Client, options: PrismaPerTenantOptions = {}): PrismaPerTenant<Client, Ref> {
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
      const { name, id } = keyOf(tenant);
      const key = JSON.stringify([name, id]);
      const entry = entries.get(key) ?? { client: assertClient(make(tenant)), users: 0 };
      entries.delete(key);
      entries.set(key, entry);
      entry.users++;
      shrink(max);
      try {
        return await fn(entry.client);
      } finally {
        entry.users--;
        shrink(closed ? 0 : max);
        if (entry.users === 0) entry.ended?.();
      }
    },
    async close() {
      closed = true;
      shrink(0);
      const inUse = [...entries.values()].map(
        (entry) =>
          new Promise<void>((resolve) => {
            const { ended } = entry;
            entry.ended = () => {
              ended?.();
              resolve();
            };
          }),
      );
      await Promise.all(inUse);
      await Promise.all(closing);
    },
  };
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for a promise above all, which would be closed in the client's place. */
function assertClient<Client>(client: Client): Client {
  if (typeof Reflect.get(Object(client), '$disconnect') === 'function') return client;
  // Nobody else has what an async function makes later.
  if (client instanceof Promise) client.then((late) => late?.$disconnect?.()).catch(() => {});
  throw new InvalidOptionError('The function of prismaPerTenant made no Prisma client.', {
    hint: 'Return the client at once: a function that is not async.',
  });
}
