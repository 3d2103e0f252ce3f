import { InvalidOptionError, NotSupportedError } from '../../errors.js';
import { assertFunction } from '../../input/call-options.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import { placementOf } from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import type { Placement } from '../../tenant/tenant.js';
import { bindEntities, type EntitySource, orClose } from './typeorm-entities.js';

/** What is used of TypeORM's `DataSource` beyond its types. */
interface SourceInternals {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly driver?: DriverInternals;
  readonly entityMetadatas?: readonly { readonly name: string; readonly database?: unknown }[];
}

interface DriverInternals {
  createQueryRunner?(mode: unknown): object;
  parseTableName?(table: string): { readonly database?: unknown; readonly schema?: unknown };
}

/** What a DataSource can do with a whole schema, and what it begins without a connection. */
const SCHEMA_TOOLS = [
  'runMigrations',
  'undoLastMigration',
  'showMigrations',
  'synchronize',
  'dropDatabase',
] as const;

/**
 * One TypeORM DataSource on PostgreSQL, MySQL or MariaDB that serves every tenant, its schema tools included: each
 * works on the tenant of the context that it is called in. `make` makes it over `pgDriver(tenancy)` or
 * `mysqlDriver(tenancy)`; it is initialized here, with the template in context.
 *
 * TypeORM asks its server once for the name of its database and of its schema, and writes them into the
 * statements by which it looks at tables, migrates, synchronizes and drops. So the driver is made to answer with
 * those of the tenant in context. Query runners that you create must have been connected, or the tenant been looked
 * up (`await tenancy.session().ready()`), before such a statement is made: else `RouteUnknownError`
 * (`TENANTRY_ROUTE_UNKNOWN`). On MySQL and MariaDB `dropDatabase`, `clearDatabase`, `synchronize(true)` and the
 * option `dropSchema` are refused, because they would drop the tenant's identity.
 *
 * An entity that was loaded or made in one tenant's context is refused in another's (`TENANTRY_TENANT_SWITCH`), to
 * save it, to remove it and to ask by it (`relation().of`, `whereInIds`); its lazy relations are loaded from its own
 * tenant.
 *
 * On SQLite there is an `ambientTypeorm` of `tenantry/sqlite`.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) without a template, and for an option `database` or an
 * entity's: it would be the same for every tenant; NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of
 * TypeORM keeps those names elsewhere.
 * @example
 * ```ts
 * const source = await ambientTypeorm(
 *   tenancy,
 *   () => new DataSource({ type: 'postgres', driver: pgDriver(tenancy), entities: [User] }),
 * )
 * await tenancy.run('acme', () => source.runMigrations())
 * ```
 */
export async function ambientTypeorm<Source extends { initialize(): Promise<unknown> }>(
  tenancy: Tenancy,
  make: () => Source,
): Promise<Source> {
  assertTenancy('ambientTypeorm', tenancy);
  assertFunction('ambientTypeorm', make);
  const source = make();
  const { driver, options = {} } = Object(source) as SourceInternals;
  if (driver?.createQueryRunner === undefined || driver.parseTableName === undefined) {
    throw unsafe('it has no driver where TypeORM 1 has one');
  }
  assertOptions(options);
  const isMysql = options.type !== 'postgres';
  const names = new NamesInContext(tenancy, options, isMysql);
  names.replaceIn(driver);
  assertAsked(driver, names, isMysql);
  if (isMysql) refuseToClear(driver);
  await tenancy.asTemplate(async () => {
    await tenancy.session().ready();
    await source.initialize();
  });
  names.isInitialized = true;
  await orClose(source, () => {
    assertEntities(source as SourceInternals);
    if (!bindEntities(tenancy, source as EntitySource))
      throw unsafe('it makes its entities elsewhere than TypeORM 1');
  });
  for (const name of SCHEMA_TOOLS) {
    const tool = Reflect.get(source, name) as (...given: unknown[]) => Promise<unknown>;
    Reflect.set(source, name, async (...given: unknown[]) => {
      await tenancy.session().ready();
      return Reflect.apply(tool, source, given);
    });
  }
  return source;
}

/** What a driver believes of where it is: in the context of whoever asks it. */
class NamesInContext {
  isInitialized = false;
  /** Told by somebody else than the catalog, while it is tried whether anybody listens. */
  probed: Pick<Placement, 'database' | 'isolation' | 'schema'> | undefined;
  readonly #tenancy: Tenancy;
  readonly #ownSchema: unknown;
  readonly #isMysql: boolean;
  /** As the server said of the template, where a tenant has a database and so the schema's name is the same in each. */
  #schema: unknown;

  constructor(tenancy: Tenancy, options: Readonly<Record<string, unknown>>, isMysql: boolean) {
    this.#tenancy = tenancy;
    this.#ownSchema = options.schema;
    this.#isMysql = isMysql;
  }

  replaceIn(driver: object): void {
    const define = (name: string, get: () => unknown, set: (value: unknown) => void) =>
      Object.defineProperty(driver, name, { get, set, enumerable: true, configurable: true });
    define(
      'database',
      () => this.#placement.database,
      () => {
        throw misplaced('database');
      },
    );
    if (this.#isMysql) return;
    define(
      'schema',
      () => this.#ownSchema ?? this.#searchSchema,
      () => {},
    );
    define(
      'searchSchema',
      () => this.#searchSchema,
      (value) => {
        this.#schema = value;
      },
    );
  }

  get #placement() {
    if (this.probed !== undefined) return this.probed;
    return placementOf(this.#tenancy.clients());
  }

  get #searchSchema(): unknown {
    const { isolation, schema } = this.#placement;
    if (isolation === 'schema') return schema;
    // A template that has only a schema says nothing of tenants that have a database.
    return this.#schema ?? (this.isInitialized ? 'public' : undefined);
  }
}

/** Whether the driver's statements are made with the names that it is told. */
function assertAsked(driver: DriverInternals, names: NamesInContext, isMysql: boolean): void {
  for (const database of ['tenantry-probe-a', 'tenantry-probe-b']) {
    names.probed = { database, isolation: isMysql ? 'database' : 'schema', schema: database };
    const parsed = driver.parseTableName?.('users');
    names.probed = undefined;
    const isRight = parsed?.database === database && (isMysql || parsed.schema === database);
    if (!isRight) throw unsafe('it does not ask its driver in which database a table is');
  }
}

/** The tenant's identity is in its database on MySQL, and would go with it. */
function refuseToClear(driver: DriverInternals): void {
  const { createQueryRunner } = driver;
  driver.createQueryRunner = (mode) => {
    const runner = createQueryRunner?.call(driver, mode) as object;
    return Object.assign(runner, {
      clearDatabase: async () => {
        throw new NotSupportedError("Dropping every table would drop the tenant's identity too.", {
          hint: 'Drop the tables that are the application’s one by one, or make the tenant anew.',
        });
      },
    });
  };
}

function assertOptions({ type, database, replication }: Readonly<Record<string, unknown>>): void {
  if (type === 'better-sqlite3' || type === 'sqljs') {
    throw new InvalidOptionError('This DataSource is on SQLite.', {
      hint: 'Use ambientTypeorm of tenantry/sqlite.',
    });
  }
  if (database !== undefined) throw misplaced('database');
  if (replication !== undefined) throw misplaced('replication');
}

function assertEntities({ entityMetadatas = [] }: SourceInternals): void {
  const named = entityMetadatas.find(({ database }) => database !== undefined);
  if (named === undefined) return;
  throw new InvalidOptionError(`The entity ${named.name} names a database, which every tenant's would be.`, {
    hint: 'Leave the option database out of entities.',
  });
}

function misplaced(option: string): InvalidOptionError {
  return new InvalidOptionError(`A DataSource of every tenant cannot have the option ${option}.`, {
    hint: 'Leave it out: where a tenant is, the catalog says.',
  });
}

function unsafe(why: string): NotSupportedError {
  return new NotSupportedError(`This DataSource cannot serve every tenant: ${why}.`, {
    hint: 'Use a version of TypeORM that docs/compatibility.md names.',
  });
}
