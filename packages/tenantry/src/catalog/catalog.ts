import type { TenantRef } from '../tenant/ref.js';
import type {
  Identity,
  IdentityCheck,
  Placement,
  Placements,
  Route,
  Tenant,
  TenantMetadata,
  TenantStatus,
} from '../tenant/tenant.js';

/** Where the catalog stands. A new incarnation, or a smaller revision, voids everything cached. */
export interface CatalogPosition {
  readonly incarnation: string;
  readonly revision: number;
}

/** Routes read in one snapshot of the catalog; names or ids that are not among them did not exist at `revision`. */
export interface RouteSnapshot extends CatalogPosition {
  readonly routes: readonly Route[];
}

/** A page of tenants in the order of their names. */
export interface TenantPage {
  readonly tenants: readonly Tenant[];
  /** Pass it as `after` for the next page; null where this was the last. */
  readonly next: string | null;
}

/** Which tenants to list. */
export interface ListOptions {
  /** Only this status. Default: all but `deleted`. */
  readonly status?: TenantStatus | undefined;
  /** Tenants per page, 1 to 1000. Default 100. */
  readonly limit?: number | undefined;
  /** Where the page before ended. */
  readonly after?: string | undefined;
}

/** A tenant that is about to be made. */
export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly server: string;
  /** Places to try in this order; the first whose physical name was never used on the server is taken. */
  readonly placements: Placements;
  readonly metadata: TenantMetadata;
}

/** A tenant that exists already and is taken over as it is. */
export interface AdoptedTenant {
  readonly id: string;
  readonly name: string;
  readonly server: string;
  readonly database: string;
  readonly identity: IdentityCheck;
  /** The fence that its database says already. Default 1. */
  readonly fence?: number | undefined;
}

/** Who a tenant is that is about to be made, and where. */
export type PlannedTenant = Pick<Tenant, 'id' | 'name' | 'incarnation' | 'placement'>;

/** A creation in somebody's hands. */
export interface BegunTenant {
  readonly tenant: Tenant;
  /**
   * Where whoever began before had begun to make its database. That name is doomed: nothing uses it again, and
   * what is there under it may be dropped.
   */
  readonly leftOver: Placement | undefined;
}

/** Whose a creation is: of the owner who took hold of it last, which is the one that knows its fence. */
export interface Claim {
  readonly id: string;
  readonly owner: string;
  readonly fence: number;
}

/** How a status is changed. */
export interface StatusChange {
  /** Grows the epoch as well. */
  readonly endSessions: boolean;
  /** Only if nobody has changed the tenant since it had this fence. */
  readonly fence?: number | undefined;
}

/** What a process says of itself. */
export interface ProcessRecord {
  readonly id: string;
  /** Host and pid, for people. */
  readonly label: string;
  /** The revision up to which its caches are true. */
  readonly revision: number;
  /** Milliseconds from now, on the catalog's clock, until its lease runs out. */
  readonly leaseMs: number;
}

/**
 * The central database. Every change takes the next revision inside its own transaction, so that
 * revisions are ordered by commit. Methods reject with `CatalogUnavailableError`,
 * `CatalogMissingError` or the error named; they never say "unknown" when they mean "out of reach".
 * A change whose commit was not answered rejects with `TransactionOutcomeUnknownError`.
 */
export interface Catalog {
  /** Makes the database and its tables, or brings them up to date. Safe to run twice and at once. */
  setup(): Promise<void>;

  /** Refuses what {@link Catalog.setup} would refuse, and makes nothing. */
  planSetup(): Promise<void>;

  /** One cheap read: where the catalog stands. Throws CatalogMissingError or CatalogVersionError. */
  position(signal?: AbortSignal): Promise<CatalogPosition>;

  /** The routes of these names (exact case), deleted tenants left out, in one snapshot. */
  routesByName(names: readonly string[], signal?: AbortSignal): Promise<RouteSnapshot>;

  /** The same by their ids. */
  routesById(ids: readonly string[], signal?: AbortSignal): Promise<RouteSnapshot>;

  /** Every route that changed after `revision`, deleted ones included; at most `limit`, oldest first. */
  changesAfter(revision: number, limit: number, signal?: AbortSignal): Promise<RouteSnapshot>;

  /** The tenant of this name, not deleted; or undefined. */
  findByName(name: string): Promise<Tenant | undefined>;
  /** The tenant that keeps others from this name: its own, in whatever case. */
  findHolder(name: string): Promise<Tenant | undefined>;
  findById(id: string): Promise<Tenant | undefined>;
  list(options: ListOptions): Promise<TenantPage>;
  /** Whether there is any tenant, deleted ones left out. */
  isEmpty(): Promise<boolean>;

  /**
   * Inserts a tenant with status `creating`, owned by a process whose row is written with it.
   *
   * If a tenant of this name is `creating` and its owner is gone, takes that one over and returns
   * it instead, as it was begun: a creation that was interrupted is finished, not repeated. An owner
   * is gone when it has released the tenant or its lease has run out. A process is no exception to
   * itself, so that two calls in one process cannot both make the tenant. The owner before may only
   * sleep: what it had begun to make is doomed, and the tenant gets another physical name.
   *
   * @throws TenantExistsError, TenantBusyError; TenantStatusError if the tenant was begun with other input;
   * DatabaseExistsError if every physical name was used before.
   */
  beginCreate(tenant: NewTenant, owner: ProcessRecord): Promise<BegunTenant>;

  /**
   * The tenant that {@link beginCreate} would begin now, or go on with, and where: by the same checks, and nothing
   * is written.
   *
   * @throws what `beginCreate` throws.
   */
  planCreate(tenant: NewTenant): Promise<PlannedTenant>;

  /**
   * Says that the tenant's database is made from now on: there is none of its physical name, and one that is
   * there later is the tenant's. Throws TenantBusyError if the claim was lost.
   */
  beginDatabase(claim: Claim): Promise<void>;

  /** Makes a tenant that is `creating` active. Throws TenantBusyError if the claim was lost. */
  finishCreate(claim: Claim): Promise<Tenant>;

  /**
   * Gives up a tenant that was never active: it becomes `deleted`, so that whoever has cached it
   * learns of it. Its physical name is doomed where its database was begun, and else free again. Throws
   * TenantBusyError if the claim was lost.
   */
  undoCreate(claim: Claim): Promise<void>;

  /** Gives up ownership of a tenant that is `creating`, so that anybody can finish it at once. */
  releaseCreate(claim: Claim): Promise<void>;

  /**
   * Whether a place's physical name is doomed: no tenant has it, and none will ever have it again. Nothing else
   * makes it safe to drop what is there, for a drop cannot check anything.
   */
  isDoomed(placement: Placement): Promise<boolean>;

  /** Whether a place's physical name was ever a tenant's, or the whole that it is a part of, or a part of it. */
  isTaken(placement: Placement): Promise<boolean>;

  /**
   * Registers a tenant whose database exists; active at once.
   *
   * @throws TenantExistsError for the name, DatabaseExistsError if the physical name was used before.
   */
  adopt(tenant: AdoptedTenant): Promise<Tenant>;

  /**
   * Changes the status of the tenant that is called this now, and grows its fence. A tenant that is `creating`
   * can only become `deleted`, and only when its owner is gone; that undoes its creation.
   *
   * @throws UnknownTenantError, TenantStatusError, TenantBusyError
   */
  changeStatus(tenant: TenantRef, to: TenantStatus, change: StatusChange): Promise<Tenant>;

  /**
   * The tenant that {@link changeStatus} would change now, as it is: by the same checks, and nothing is written.
   *
   * @throws what `changeStatus` throws.
   */
  planStatus(tenant: TenantRef, to: TenantStatus): Promise<Tenant>;

  /**
   * Lets the epoch and the fence of a suspended tenant grow beyond these, so that it can take over a database
   * that says so.
   *
   * @throws UnknownTenantError, TenantStatusError
   */
  raise(tenant: TenantRef, beyond: Pick<Identity, 'epoch' | 'fence'>): Promise<Tenant>;

  /** The tenant that {@link raise} would change now, as it is: by the same checks, and nothing is written. */
  planRaise(tenant: TenantRef): Promise<Tenant>;

  /** Remembers a database server by name, for people and for later checks. */
  registerServer(name: string, engine: string, address: string): Promise<void>;

  /** Writes or renews this process's row. */
  heartbeat(process: ProcessRecord): Promise<void>;
  /** Removes this process's row. */
  removeProcess(id: string): Promise<void>;

  /** Calls when the catalog may have changed, sooner than a poll would find out; undefined where the engine cannot. */
  watch?(listener: { onChange(): void; onLost(error: Error): void }): Promise<{ close(): Promise<void> }>;
}

/** The identity that a tenant's database must carry. */
export function identityOf({ incarnation, id: tenantId, epoch, fence, status: state }: Tenant): Identity {
  return { incarnation, tenantId, epoch, fence, state };
}

/** A placement for isolation `database`. */
export function databasePlacement(
  server: string,
  database: string,
  identity: IdentityCheck = 'table',
): Placement {
  return Object.freeze({ server, database, isolation: 'database', identity });
}
