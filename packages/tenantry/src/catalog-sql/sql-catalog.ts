import type {
  AdoptedTenant,
  BegunTenant,
  Catalog,
  CatalogPosition,
  Claim,
  ListOptions,
  NewTenant,
  PlannedTenant,
  ProcessRecord,
  RouteSnapshot,
  StatusChange,
  TenantPage,
} from '../catalog/catalog.js';
import type { ConnectionSource } from '../engine/connection-source.js';
import type { EngineServer } from '../engine/engine.js';
import { keyOf, type TenantRef } from '../tenant/ref.js';
import type { Identity, Placement, Tenant, TenantStatus } from '../tenant/tenant.js';
import * as administration from './administration.js';
import { CatalogConnections } from './catalog-connections.js';
import type { CatalogPlace } from './catalog-place.js';
import type { CatalogSql } from './catalog-sql.js';
import type { Change } from './change.js';
import { kysely } from './kysely.js';
import { readPosition } from './position.js';
import { forgetDead, removeProcess, writeProcess } from './processes.js';
import { readChanges, readRoutes, readRoutesById } from './routes.js';
import { writeServer } from './servers.js';
import { planSetUp, setUp } from './setup.js';
import type { Reading } from './tenants.js';
import { watchOf } from './watch.js';

/** What a catalog in SQL tables is made of. */
export interface SqlCatalogOptions {
  readonly server: EngineServer;
  /** The database that holds the tables; it may hold foreign ones beside them. */
  readonly database: string;
  /** Connections to that database. They stay their owner's, who closes them. */
  readonly connections: ConnectionSource;
  /** Milliseconds that one call may take, the wait for a connection included. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 5000;

/** A catalog in the tables `tenantry_*` of one database. Does no I/O until it is asked something. */
export function createSqlCatalog(options: SqlCatalogOptions): Catalog {
  return new SqlCatalog(options);
}

class SqlCatalog implements Catalog {
  readonly watch?: NonNullable<Catalog['watch']>;
  readonly #place: CatalogPlace;
  readonly #connections: CatalogConnections;

  constructor({ server, database, connections, timeoutMs = DEFAULT_TIMEOUT_MS }: SqlCatalogOptions) {
    this.#place = { server, database };
    this.#connections = new CatalogConnections(this.#place, connections, timeoutMs);
    const watch = watchOf(this.#place);
    if (watch !== undefined) this.watch = watch;
  }

  setup(): Promise<void> {
    return setUp(this.#connections, this.#place);
  }

  planSetup(): Promise<void> {
    return planSetUp(this.#connections, this.#place);
  }

  position(signal?: AbortSignal): Promise<CatalogPosition> {
    return this.#connections.read((sql) => readPosition(sql, this.#place), signal);
  }

  routesByName(names: readonly string[], signal?: AbortSignal): Promise<RouteSnapshot> {
    return this.#connections.read((sql) => readRoutes(sql, this.#place, names), signal);
  }

  routesById(ids: readonly string[], signal?: AbortSignal): Promise<RouteSnapshot> {
    return this.#connections.read((sql) => readRoutesById(sql, this.#place, ids), signal);
  }

  changesAfter(revision: number, limit: number, signal?: AbortSignal): Promise<RouteSnapshot> {
    return this.#connections.read((sql) => readChanges(sql, this.#place, revision, limit), signal);
  }

  findByName(name: string): Promise<Tenant | undefined> {
    return this.#find(({ findByName }, reading) => findByName(reading, name));
  }

  findHolder(name: string): Promise<Tenant | undefined> {
    return this.#find(({ findHolder }, reading) => findHolder(reading, name));
  }

  findById(id: string): Promise<Tenant | undefined> {
    return this.#find(({ findById }, reading) => findById(reading, id));
  }

  list(options: ListOptions): Promise<TenantPage> {
    return this.#find(({ listTenants }, reading) => listTenants(reading, options));
  }

  isEmpty(): Promise<boolean> {
    return this.#find(({ isEmpty }, reading) => isEmpty(reading));
  }

  beginCreate(tenant: NewTenant, owner: ProcessRecord): Promise<BegunTenant> {
    return this.#change(({ beginCreate }, change) => beginCreate(change, tenant, owner));
  }

  planCreate(tenant: NewTenant): Promise<PlannedTenant> {
    return this.#find(({ planCreate }, reading) => planCreate(reading, tenant));
  }

  beginDatabase(claim: Claim): Promise<void> {
    return this.#change(({ beginDatabase }, change) => beginDatabase(change, claim));
  }

  finishCreate(claim: Claim): Promise<Tenant> {
    return this.#change(({ finishCreate }, change) => finishCreate(change, claim));
  }

  undoCreate(claim: Claim): Promise<void> {
    return this.#change(({ undoCreate }, change) => undoCreate(change, claim));
  }

  async releaseCreate(claim: Claim): Promise<void> {
    const { databaseOn, releaseCreate } = await loadAdministration();
    return this.#write((sql) => releaseCreate(databaseOn(sql), claim));
  }

  isDoomed(placement: Placement): Promise<boolean> {
    return this.#find(({ isDoomed }, { db }) => isDoomed(db, placement));
  }

  isTaken(placement: Placement): Promise<boolean> {
    return this.#find(({ isTaken }, { db }) => isTaken(db, placement));
  }

  adopt(tenant: AdoptedTenant): Promise<Tenant> {
    return this.#change(({ adopt }, change) => adopt(change, tenant));
  }

  changeStatus(tenant: TenantRef, to: TenantStatus, how: StatusChange): Promise<Tenant> {
    return this.#change(({ changeStatus }, change) => changeStatus(change, keyOf(tenant), to, how));
  }

  raise(tenant: TenantRef, beyond: Pick<Identity, 'epoch' | 'fence'>): Promise<Tenant> {
    return this.#change(({ raise }, change) => raise(change, keyOf(tenant), beyond));
  }

  planStatus(tenant: TenantRef, to: TenantStatus): Promise<Tenant> {
    return this.#find(({ planStatus }, reading) => planStatus(reading, keyOf(tenant), to));
  }

  planRaise(tenant: TenantRef): Promise<Tenant> {
    return this.#find(({ planRaise }, reading) => planRaise(reading, keyOf(tenant)));
  }

  registerServer(name: string, engine: string, address: string): Promise<void> {
    return this.#write((sql) => writeServer(sql, name, engine, address));
  }

  heartbeat(process: ProcessRecord): Promise<void> {
    return this.#write(async (sql) => {
      await writeProcess(sql, process);
      await forgetDead(sql);
    });
  }

  removeProcess(id: string): Promise<void> {
    return this.#write((sql) => removeProcess(sql, id));
  }

  async #find<T>(work: (administration: Administration, reading: Reading) => Promise<T>): Promise<T> {
    const administration = await loadAdministration();
    return this.#connections.read(async (sql) => {
      const { incarnation } = await readPosition(sql, this.#place);
      return work(administration, { sql, db: administration.databaseOn(sql), incarnation });
    });
  }

  async #change<T>(work: (administration: Administration, change: Change) => Promise<T>): Promise<T> {
    const administration = await loadAdministration();
    return administration.runChange(this.#connections, this.#place, (change) => work(administration, change));
  }

  /** Writes what is no change of a tenant, and takes no revision. */
  #write(work: (sql: CatalogSql) => Promise<void>): Promise<void> {
    return this.#connections.writeOne(async (sql) => {
      await readPosition(sql, this.#place, 'write');
      await work(sql);
    });
  }
}

type Administration = typeof administration;

async function loadAdministration(): Promise<Administration> {
  await kysely.load();
  return administration;
}
