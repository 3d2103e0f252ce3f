/** A tenant's life: `creating` until it is whole, `active`, `suspended`, and `deleted` for ever. */
export type TenantStatus = 'creating' | 'active' | 'suspended' | 'deleted';

/** How a tenant's data is kept apart on its server. */
export type Isolation = 'database' | 'schema' | 'row';

/**
 * How a tenant's database proves whose it is: by the identity table that tenantry keeps in it
 * (default), or only by its name, for a database that may not be written to.
 */
export type IdentityCheck = 'table' | 'name';

/** Where a tenant's data lives. */
export interface Placement {
  /** The name of a configured database server. */
  readonly server: string;
  /** The physical name of the database on that server. */
  readonly database: string;
  readonly isolation: Isolation;
  /** How the database proves whose it is. */
  readonly identity: IdentityCheck;
  /** The PostgreSQL schema; only with isolation `schema`. */
  readonly schema?: string;
  /** The value that marks the tenant's rows; only with isolation `row`. */
  readonly rowKey?: string;
}

/** Places to try one after the other; there is always one. */
export type Placements = readonly [Placement, ...(readonly Placement[])];

/**
 * The frozen, cacheable answer to "which tenant is this and where is it".
 */
export interface Route {
  /** UUIDv7, never reused. */
  readonly id: string;
  /** What requests carry. An alias: it may change, and after a deletion it may be taken again. */
  readonly name: string;
  readonly status: TenantStatus;
  readonly placement: Placement;
  /** The catalog that said so: a copy of it knows tenants of the same ids, and they are others. */
  readonly incarnation: string;
  /** Grows only when sessions must end. */
  readonly epoch: number;
  /** The version of the tenant's own tables, or null where nobody manages them. */
  readonly schemaVersion: string | null;
  /** The catalog's revision at the tenant's last change. */
  readonly revision: number;
}

/** Whatever an application wants to keep beside a tenant: JSON, at most 64 KiB. */
export type TenantMetadata = Readonly<Record<string, unknown>>;

/** A tenant as the catalog knows it: its route, and what the request path does not need. */
export interface Tenant extends Route {
  readonly metadata: TenantMetadata;
  readonly createdAt: Date;
  /** Grows with every change of its life: what was begun under a smaller one has no say any more. */
  readonly fence: number;
}

/**
 * What a tenant's database says about itself, so that a wrong address is noticed. It is only ever changed by
 * whoever knows all of it (compare-and-set).
 */
export interface Identity {
  /** Of the catalog that the tenant belongs to. */
  readonly incarnation: string;
  readonly tenantId: string;
  readonly epoch: number;
  /** The tenant's fence at the change that wrote this. */
  readonly fence: number;
  readonly state: TenantStatus;
}
