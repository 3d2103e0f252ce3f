import type { ListOptions, TenantPage } from '../catalog/catalog.js';
import type { TenantRef } from '../tenant/ref.js';
import type { IdentityCheck, Isolation, Placement, Tenant, TenantMetadata } from '../tenant/tenant.js';

/** A tenant to be made. */
export interface CreateTenant {
  /** 1 to 63 ASCII letters, digits, `-` and `_`, beginning and ending with a letter or a digit. */
  readonly name: string;
  /** A configured server. Default: the only one; with several it must be named. */
  readonly server?: string | undefined;
  /** How it is kept apart from others, of those that the engine can do. Default: the server's option. */
  readonly isolation?: Isolation | undefined;
  /**
   * What marks its rows; only with isolation `row`. 1 to 128 ASCII letters, digits, `-`, `_`, `.` and `:`.
   * Default: the tenant's id.
   */
  readonly rowKey?: string | undefined;
  /** JSON of at most 64 KiB. Default `{}`. */
  readonly metadata?: TenantMetadata | undefined;
  /** Stops the creation between two steps; what was made is removed again. */
  readonly signal?: AbortSignal | undefined;
}

/** An existing database to be taken over as a tenant. */
export interface AdoptTenant {
  readonly name: string;
  /** A configured server. Default: the only one. */
  readonly server?: string | undefined;
  /** The database as it is called on the server, in its exact case. Default: the name. */
  readonly database?: string | undefined;
  /**
   * `table` writes tenantry's identity table into the database and checks it on every new
   * connection; `name` writes nothing and checks only the database's name. Default `table`.
   */
  readonly identity?: IdentityCheck | undefined;
  /** Checks everything and changes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** How a tenant's status is changed. */
export interface ChangeTenant {
  /** Checks everything, changes nothing, and gives the tenant as it is. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What became of an adoption. */
export interface Adoption {
  /**
   * `registered` now (or would be, in a dry run); `mended`: it was before, and its database, which said nothing
   * any more, says again whose it is (or would); `unchanged`: it was before.
   */
  readonly outcome: 'registered' | 'mended' | 'unchanged';
  readonly name: string;
  readonly database: string;
}

/** Makes, finds and changes tenants: `tenancy.tenants`. */
export interface Tenants {
  /**
   * Makes a tenant: registers it, creates its database, writes the database's identity, runs the
   * `provision` script, and activates it last. Until then it is not served. When a step fails,
   * what was made is removed again; when the process dies, the same call finishes the work.
   *
   * @throws InvalidNameError, TenantExistsError, TenantBusyError, DatabaseExistsError,
   * ServerUnavailableError, ProvisionFailedError
   * @example
   * ```ts
   * const acme = await tenancy.tenants.create({ name: 'acme' })
   * ```
   */
  create(tenant: CreateTenant): Promise<Tenant>;
  /**
   * Where {@link Tenants.create} would make this tenant. Nothing is changed, and nothing is tried.
   *
   * @throws what `create` would throw, as far as it can be known without trying.
   */
  plan(tenant: CreateTenant): Promise<Placement>;
  /** Registers an existing database as a tenant; no table of it is changed. */
  adopt(tenant: AdoptTenant): Promise<Adoption>;
  /** The tenant that is called this: by its name, its id, or both. Throws UnknownTenantError. */
  get(tenant: TenantRef): Promise<Tenant>;
  /** One page of tenants, ordered by name. */
  list(options?: ListOptions): Promise<TenantPage>;
  /**
   * Stops serving a tenant; its data stays. Every process follows within its staleness bound: transactions that are
   * under way may still commit, also after this has resolved.
   */
  suspend(tenant: TenantRef, options?: ChangeTenant): Promise<Tenant>;
  /**
   * Serves a suspended tenant again.
   *
   * @throws DatabaseMissingError, or IdentityMismatchError where its database says nothing or that it is another's.
   */
  resume(tenant: TenantRef, options?: ChangeTenant): Promise<Tenant>;
  /**
   * Makes the database of a suspended tenant say that it is this tenant's, whatever it said before: after it was
   * restored, or made from a dump. The id must be given too, and whoever served the database until now is turned
   * away. The tenant stays suspended.
   *
   * @throws TenantStatusError for a tenant that is not suspended.
   */
  takeOver(tenant: { readonly name: string; readonly id: string }, options?: ChangeTenant): Promise<Tenant>;
  /** Marks a tenant deleted and frees its name. Its database is kept and never given to another tenant. */
  delete(tenant: TenantRef, options?: ChangeTenant): Promise<Tenant>;
}
