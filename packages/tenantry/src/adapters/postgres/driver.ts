import pg from 'pg';
import { InvalidOptionError } from '../../errors.js';
import type { Tenancy } from '../../tenancy.js';
import { type PgPoolOptions, TenantPool } from './tenant-pool.js';

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
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name, and for `new Client()`.
 * @example
 * ```ts
 * const source = new DataSource({ type: 'postgres', driver: pgDriver(tenancy), entities })
 * await tenancy.asTemplate(() => source.initialize())
 * ```
 */
export function pgDriver(tenancy: Tenancy, options?: PgPoolOptions): PgDriver {
  // A mistake in the options is said now, and not when the host opens its pool.
  void new TenantPool(tenancy, options);
  const { Query, Result, DatabaseError, TypeOverrides, types, defaults, escapeIdentifier, escapeLiteral } =
    pg;
  const Pool = class extends TenantPool {
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

class RefusedClient {
  constructor() {
    throw new InvalidOptionError('A client of its own would belong to no tenant.', {
      hint: 'Use new Pool() of this driver, or pgPool(tenancy) where the host takes a pool.',
    });
  }
}
