import type { ColumnType, Kysely, Selectable } from 'kysely';
import type { IdentityCheck, Isolation, TenantStatus } from '../tenant/tenant.js';

/** A 64-bit number. PostgreSQL's driver gives it as text, so every reader passes it through `Number`. */
type Int8 = ColumnType<number | string | bigint, number, number>;

type OptionalInt8 = ColumnType<number | string | bigint | null, number | null, number | null>;

/** The one row that says what this catalog is and where it stands. */
interface CatalogTable {
  id: number;
  /** The version of the catalog's tables, see `migrations/`. */
  version: number;
  /** The oldest versions whose code may read these tables, and write them. */
  readable_from: number;
  writable_from: number;
  incarnation: string;
  revision: Int8;
  created_at: Int8;
}

interface TenantTable {
  id: string;
  name: string;
  /** The casefolded name; unique, and null once the tenant is deleted, so that its name is free. */
  name_key: string | null;
  status: TenantStatus;
  server: string;
  database_name: string;
  isolation: Isolation;
  schema_name: string | null;
  row_key: string | null;
  identity_check: IdentityCheck;
  epoch: Int8;
  /** Grows with every change of the tenant's life. */
  fence: Int8;
  revision: Int8;
  schema_version: string | null;
  /** JSON. */
  metadata: string;
  /** The process that is making the tenant; null when nobody is. */
  owner: string | null;
  created_at: Int8;
  updated_at: Int8;
}

interface ServerTable {
  name: string;
  engine: string;
  address: string;
  registered_at: Int8;
}

interface DomainTable {
  domain: string;
  tenant_id: string;
  revision: Int8;
}

/** Every physical name that a server ever had; rows stay when their tenant goes. */
interface PhysicalNameTable {
  server: string;
  name_key: string;
  name: string;
  tenant_id: string;
  taken_at: Int8;
  /** When somebody began to make a database of this name; null while nobody has. */
  begun_at: OptionalInt8;
  /** When it was given up for ever, so that whatever bears it may be dropped; null while it was not. */
  doomed_at: OptionalInt8;
}

interface ProcessTable {
  id: string;
  label: string;
  revision: Int8;
  heartbeat_at: Int8;
  lease_until: Int8;
}

/** The catalog's tables. Times are milliseconds since 1970 on the database's clock. */
export interface CatalogTables {
  tenantry_catalog: CatalogTable;
  tenantry_tenants: TenantTable;
  tenantry_servers: ServerTable;
  tenantry_domains: DomainTable;
  tenantry_physical_names: PhysicalNameTable;
  tenantry_processes: ProcessTable;
}

/** Builds and runs statements on one connection to the catalog. */
export type CatalogDb = Kysely<CatalogTables>;

export type CatalogRow = Selectable<CatalogTable>;
export type TenantRow = Selectable<TenantTable>;
