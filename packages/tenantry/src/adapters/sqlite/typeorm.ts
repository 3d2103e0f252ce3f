import { ClosedError, InvalidOptionError, NotSupportedError } from '../../errors.js';
import { assertFunction } from '../../input/call-options.js';
import { assertKnownKeys } from '../../input/known-keys.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { ClientLease } from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import { bindEntities, type EntitySource, orClose } from '../orm/typeorm-entities.js';
import { assertMilliseconds, DAY_MS, LONGEST_WAIT_MS } from './options.js';
import { assertKeepsApart, type ProbedSource, unsafe } from './typeorm-probe.js';
import { leasedQueryRunner, type QueryRunner, type QueryRunnerClass } from './typeorm-query-runner.js';

/** How the query runners of {@link ambientTypeorm} wait, and what becomes of those that nobody releases. */
export interface AmbientTypeormOptions {
  /** Milliseconds that a statement waits for another handle's lock, without stopping the event loop. 0 to 600000. Default 5000. */
  readonly busyTimeoutMs?: number | undefined;
  /**
   * Milliseconds after which a query runner that ran nothing, and was not released, loses its handle: what it
   * left open is rolled back. 1 to 86400000. Default 60000.
   */
  readonly idleMs?: number | undefined;
}

/** What a DataSource must be made with. The rest is the application's. */
export interface SqliteSourceOptions {
  readonly type: 'better-sqlite3';
  /** No file: the tenants' are opened by the tenancy. */
  readonly database: ':memory:';
  readonly driver: object;
}

/** What TypeORM's `DataSource` is asked for here beyond its types. */
interface SourceInternals extends Partial<ProbedSource> {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly driver?: DriverInternals;
}

interface DriverInternals {
  databaseConnection?: { readonly open?: boolean };
  queryRunner?: QueryRunner | undefined;
  createQueryRunner?(mode: string): QueryRunner;
}

/**
 * One TypeORM DataSource over a tenancy's files that serves every tenant: each query goes to the tenant of the
 * context that it is made in, and each transaction has a handle of its own. `make` gets what the DataSource must
 * be made with; it is initialized here.
 *
 * TypeORM has one query runner for a file, whatever its driver module is, so that the transactions of all tenants
 * would be one. Here every query runner leases a handle of the tenant's at its first use and gives it back when it
 * is released; TypeORM releases its own, and those that you create are yours to release. Statements wait for locks
 * without stopping the event loop, and a transaction takes the writer's lock when it begins. Before the DataSource
 * is handed out it is tried whether it keeps two tenants apart: it rests on TypeORM 1's internals, which may change
 * with any version, and then this refuses.
 *
 * Errors of statements are TypeORM's, with the cause in `driverError`. With `synchronize` or `migrationsRun` it
 * must be called in a tenant's context: `tenancy.asTemplate(() => ambientTypeorm(...))`.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of TypeORM cannot be kept from mixing tenants;
 * InvalidOptionError (`TENANTRY_INVALID_OPTION`) for a time out of range, a DataSource that was made without what
 * `make` was given, and its options `key`, `readonly`, `prepareDatabase` and a `cache` outside of the database.
 * @example
 * ```ts
 * const source = await ambientTypeorm(tenancy, (sqlite) => new DataSource({ ...sqlite, entities: [User] }))
 * await tenancy.run('acme', () => source.getRepository(User).find())
 * ```
 */
export async function ambientTypeorm<Source extends { initialize(): Promise<unknown> }>(
  tenancy: Tenancy,
  make: (options: SqliteSourceOptions) => Source,
  options: AmbientTypeormOptions = {},
): Promise<Source> {
  assertTenancy('ambientTypeorm', tenancy);
  assertFunction('ambientTypeorm', make);
  assertKnownKeys('ambientTypeorm', options, ['busyTimeoutMs', 'idleMs']);
  const { busyTimeoutMs = 5000, idleMs = 60_000 } = options;
  assertMilliseconds('busyTimeoutMs', busyTimeoutMs, [0, LONGEST_WAIT_MS]);
  assertMilliseconds('idleMs', idleMs, [1, DAY_MS]);
  const source = make({ type: 'better-sqlite3', database: ':memory:', driver: NoFile });
  const { driver, options: own = {}, query, transaction } = source as SourceInternals;
  if (driver?.createQueryRunner === undefined || query === undefined || transaction === undefined) {
    throw unsafe('it makes no query runners where TypeORM 1 makes them');
  }
  assertHarmless(own);
  // TypeORM makes its one runner here, and nothing runs on it; its class is what is wanted.
  const Runner = driver.createQueryRunner('master').constructor as QueryRunnerClass;
  driver.queryRunner = undefined;
  const use = (acquire: () => Promise<ClientLease>) => {
    const Leased = leasedQueryRunner(Runner, { acquire, busyTimeoutMs, idleMs });
    driver.createQueryRunner = () => new Leased(driver);
  };
  await assertKeepsApart(source as unknown as ProbedSource, use);
  use(async () => {
    if (driver.databaseConnection?.open !== true) throw closed();
    return tenancy.clients().acquire();
  });
  await source.initialize();
  await orClose(source, () => {
    if (!bindEntities(tenancy, source as EntitySource))
      throw unsafe('it makes its entities elsewhere than TypeORM 1');
  });
  return source;
}

/**
 * The file that TypeORM opens when it starts, which belongs to no tenant: there is none. Whoever runs a statement
 * on it has gone around the query runners.
 */
class NoFile {
  open = true;

  /** Every handle has these already. */
  pragma(source: string): void {
    if (source !== 'foreign_keys = ON' && source !== 'journal_mode = WAL') throw ofNobody();
  }

  prepare(): never {
    throw ofNobody();
  }

  exec(): never {
    throw ofNobody();
  }

  close(): void {
    this.open = false;
  }
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for options that would be ignored, or would mix tenants. */
function assertHarmless({
  driver,
  cache,
  key,
  readonly,
  prepareDatabase,
}: Readonly<Record<string, unknown>>) {
  if (driver !== NoFile) {
    throw new InvalidOptionError('The DataSource was not made with the options that make was given.', {
      hint: 'Spread them: (sqlite) => new DataSource({ ...sqlite, entities }).',
    });
  }
  const { type, provider } = (cache ?? {}) as { readonly type?: unknown; readonly provider?: unknown };
  if (provider !== undefined || (type !== undefined && type !== 'database')) {
    throw new InvalidOptionError('A DataSource of every tenant cannot have this query cache.', {
      hint: 'Its keys are the texts of queries, the same for every tenant. Use cache: true, which is in the database.',
    });
  }
  const refused = Object.entries({ key, readonly, prepareDatabase }).find(([, value]) => Boolean(value));
  if (refused === undefined) return;
  throw new InvalidOptionError(`A DataSource of every tenant cannot have the option ${refused[0]}.`, {
    hint: 'The tenants’ files are opened by the tenancy.',
  });
}

function ofNobody(): NotSupportedError {
  return new NotSupportedError('A connection of the DataSource’s own would belong to no tenant.', {
    hint: 'Run statements by a manager, a repository or a query runner.',
  });
}

function closed(): ClosedError {
  return new ClosedError('This DataSource is not initialized, or was destroyed.', {
    hint: 'Make no calls after destroy().',
  });
}
