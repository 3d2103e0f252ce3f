import pg from 'pg';
import { InvalidOptionError } from '../../errors.js';
import { placementOf } from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import { KeptName } from '../orm/kept-name.js';
import { type ConnectCallback, type PgPoolOptions, TenantPool } from './tenant-pool.js';

/** The module `pg` as {@link pgDriver} gives it: all of it that opens no connection. */
export interface PgDriver
  extends Pick<
    typeof pg,
    | 'Query'
    | 'Result'
    | 'DatabaseError'
    | 'TypeOverrides'
    | 'types'
    | 'defaults'
    | 'escapeIdentifier'
    | 'escapeLiteral'
  > {
  /** Its instances are pools of the tenancy, whatever options the host has for them. */
  readonly Pool: new (
    config?: pg.PoolConfig,
  ) => pg.Pool;
  /** Refuses to be made: a connection of the host's own would belong to no tenant. */
  readonly Client: new (
    config?: string | pg.ClientConfig,
  ) => pg.Client;
}

/**
 * The driver module `pg` over a tenancy's connections, for hosts that take the module and not a pool, as
 * TypeORM's `driver`. Whatever the host passes to `new Pool(...)`, the pool is {@link pgPool}'s.
 *
 * TypeORM asks at its start in which schema it is, and writes the answer into its schema tools' statements. Where each
 * tenant has a schema, it is given a name that nothing has, and a statement with it is refused
 * (`TENANTRY_NOT_SUPPORTED`): with `ambientTypeorm` of `tenantry/orm` those tools work on the tenant in context.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, and for `new Client()`.
 * @example
 * ```ts
 * const options = { type: 'postgres', driver: pgDriver(tenancy), entities }
 * const source = await ambientTypeorm(tenancy, () => new DataSource(options))
 * ```
 */
export function pgDriver(tenancy: Tenancy, options?: PgPoolOptions): PgDriver {
  // A mistake in the options is said now, and not when the host opens its pool.
  void new TenantPool(tenancy, options);
  const { Query, Result, DatabaseError, TypeOverrides, types, defaults, escapeIdentifier, escapeLiteral } =
    pg;
  const Pool = class extends ModulePool {
    constructor() {
      super(tenancy, options);
    }
  } as unknown as PgDriver['Pool'];
  return Object.freeze({
    Pool,
    Client: RefusedClient as unknown as PgDriver['Client'],
    Query,
    Result,
    DatabaseError,
    TypeOverrides,
    types,
    defaults,
    escapeIdentifier,
    escapeLiteral,
  });
}

/** A pool of a host that has the module, and so may keep what it is told of its schema. */
class ModulePool extends TenantPool {
  readonly #tenancy: Tenancy;
  /** Where there is one tenant only, it may. */
  readonly #kept: KeptName | undefined;

  constructor(tenancy: Tenancy, options: PgPoolOptions = {}) {
    super(tenancy, options);
    this.#tenancy = tenancy;
    if (options.tenant === undefined) this.#kept = new KeptName('SELECT * FROM current_schema()');
  }

  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const kept = this.#kept;
    if (kept === undefined) return super.connect(callback);
    if (callback === undefined) return super.connect()?.then((client) => this.#watched(client, kept));
    return super.connect((error, client, done) =>
      callback(error, client && this.#watched(client, kept), done),
    );
  }

  #watched(client: pg.PoolClient, kept: KeptName): pg.PoolClient {
    const { query } = client as unknown as { readonly query: (...given: unknown[]) => unknown };
    const own = (config: unknown, values?: unknown, ...rest: unknown[]) => {
      if (!kept.isAsked(config, () => this.#hasOwnSchema())) kept.assertAbsent(config, values);
      else config = `SELECT '${kept.name}' AS "current_schema"`;
      return Reflect.apply(query, client, [config, values, ...rest]);
    };
    return Object.assign(client, { query: own });
  }

  /** Where each tenant has a database, the schema's name is the same in all. */
  #hasOwnSchema(): boolean {
    return placementOf(this.#tenancy.clients()).isolation === 'schema';
  }
}

class RefusedClient {
  constructor() {
    throw new InvalidOptionError('A client of its own would belong to no tenant.', {
      hint: 'Use new Pool() of this driver, or pgPool(tenancy) where the host takes a pool.',
    });
  }
}
