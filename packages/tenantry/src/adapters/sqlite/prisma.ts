import { InvalidOptionError } from '../../errors.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { Tenancy } from '../../tenancy.js';
import { quoteForMessage } from '../../tenant/name.js';
import { readWaitOptions, type SqliteWaitOptions } from './options.js';
import { TenantAdapter } from './prisma/adapter.js';
import type { PrismaAdapterFactory } from './prisma/driver-adapter.js';
import type { TimestampFormat } from './prisma/values.js';

/** Whose an adapter is, how long it waits, and how it keeps dates. */
export interface PrismaSqliteOptions extends SqliteWaitOptions {
  /**
   * How `DateTime` is kept: `iso8601` as text, as Prisma 7's own adapters do, or `unixepoch-ms` as milliseconds, as
   * Prisma did before them. Both are read. Default `iso8601`.
   */
  readonly timestampFormat?: TimestampFormat | undefined;
}

/**
 * A driver adapter for Prisma 7 over a tenancy's files. Prisma's own opens a file, and has one lock for everybody;
 * this one takes a handle of the tenant's for each statement and for each transaction, so that nobody waits but for
 * the writer of the same tenant, and then without stopping the event loop. A transaction takes the writer's lock at
 * once. It runs on whichever driver the engine has, better-sqlite3 or libsql, where that is not in a worker. Without
 * `tenant` it is ambient: hand the client to `ambientPrisma` of `tenantry/orm`, which keeps two tenants apart that
 * ask in one tick.
 *
 * Errors: the driver's own become Prisma's (`P2002`, ...); a lock that was waited for in vain is `P1008`;
 * `NoTenantError` (`TENANTRY_NO_TENANT`) before any I/O, `InvalidInputError` (`TENANTRY_INVALID_INPUT`) for what is
 * refused (`ATTACH`), and what a session's first use throws.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, `undefined` included, or
 * for an option out of range.
 * @example
 * ```ts
 * const prisma = await ambientPrisma(tenancy, () => new PrismaClient({ adapter: prismaSqlite(tenancy) }))
 * await tenancy.run('acme', async () => prisma.user.findMany())
 * ```
 */
export function prismaSqlite(tenancy: Tenancy, options: PrismaSqliteOptions = {}): PrismaAdapterFactory {
  assertTenancy('prismaSqlite', tenancy);
  const waits = readWaitOptions('prismaSqlite', options, ['timestampFormat']);
  const { timestampFormat = 'iso8601' } = options;
  if (timestampFormat !== 'iso8601' && timestampFormat !== 'unixepoch-ms') {
    throw new InvalidOptionError(`The option timestampFormat is ${quoteForMessage(timestampFormat)}.`, {
      hint: 'It is iso8601 or unixepoch-ms.',
    });
  }
  const settings = { tenancy, timestampFormat, ...waits };
  return {
    provider: 'sqlite',
    adapterName: 'tenantry',
    connect: async () => new TenantAdapter(settings),
  };
}
