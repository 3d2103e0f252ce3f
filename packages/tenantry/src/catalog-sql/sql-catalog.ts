import type {
  AdoptedTenant,
  Catalog,
  CatalogPosition,
  ListOptions,
  NewTenant,
  ProcessRecord,
  RouteSnapshot,
  TenantPage,
} from '../catalog/catalog.js';
import type { ConnectionSource } from '../engine/connection-source.js';
import type { EngineServer } from '../engine/engine.js';
import { keyOf, type TenantRef } from '../tenant/ref.js';
import type { Tenant, TenantStatus } from '../tenant/tenant.js';
import * as administration from './administration.js';
import { CatalogConnections } from './catalog-connections.js';
import type { CatalogPlace } from './catalog-place.js';
import type { Change } from './change.js';
import { kysely } from './kysely.js';
import { readPosition } from './position.js';
import { removeProcess, writeProcess } from './processes.js';
import { readChanges, readRoutes, readRoutesById } from './routes.js';
import { writeServer } from './servers.js';
import { setUp } from './setup.js';
import type { CatalogDb } from './tables.js';
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
    return this.#find(({ findByName }, db) => findByName(db, name));
  }

  findById(id: string): Promise<Tenant | undefined> {
    return this.#find(({ findById }, db) => findById(db, id));
  }

  list(options: ListOptions): Promise<TenantPage> {
    return this.#find(({ listTenants }, db) => listTenants(db, options));
  }

  isEmpty(): Promise<boolean> {
    return this.#find(({ isEmpty }, db) => isEmpty(db));
  }

  beginCreate(tenant: NewTenant, owner: ProcessRecord): Promise<Tenant> {
    return this.#change(({ beginCreate }, change) => beginCreate(change, tenant, owner));
  }

  finishCreate(id: string, owner: string): Promise<Tenant> {
    return this.#change(({ finishCreate }, change) => finishCreate(change, id, owner));
  }

  undoCreate(id: string, owner: string): Promise<void> {
    return this.#change(({ undoCreate }, change) => undoCreate(change, id, owner));
  }

  async releaseCreate(id: string, owner: string): Promise<void> {
    const { databaseOn, releaseCreate } = await loadAdministration();
    return this.#connections.writeOne((sql) => releaseCreate(databaseOn(sql), id, owner));
  }

  adopt(tenant: AdoptedTenant): Promise<Tenant> {
    return this.#change(({ adopt }, change) => adopt(change, tenant));
  }

  changeStatus(
    tenant: TenantRef,
    to: TenantStatus,
    options: { readonly endSessions: boolean },
  ): Promise<Tenant> {
    return this.#change(({ changeStatus }, change) =>
      changeStatus(change, keyOf(tenant), to, options.endSessions),
    );
  }

  registerServer(name: string, engine: string, address: string): Promise<void> {
    return this.#connections.writeOne((sql) => writeServer(sql, name, engine, address));
  }

  heartbeat(process: ProcessRecord): Promise<void> {
    return this.#connections.writeOne((sql) => writeProcess(sql, process));
  }

  removeProcess(id: string): Promise<void> {
    return this.#connections.writeOne((sql) => removeProcess(sql, id));
  }

  async #find<T>(work: (administration: Administration, db: CatalogDb) => Promise<T>): Promise<T> {
    const administration = await loadAdministration();
    return this.#connections.read((sql) => work(administration, administration.databaseOn(sql)));
  }

  async #change<T>(work: (administration: Administration, change: Change) => Promise<T>): Promise<T> {
    const administration = await loadAdministration();
    return administration.runChange(this.#connections, this.#place, (change) => work(administration, change));
  }
}

type Administration = typeof administration;

async function loadAdministration(): Promise<Administration> {
  await kysely.load();
  return administration;
}
