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
import type { Tenant, TenantStatus } from '../tenant/tenant.js';
import { CatalogConnections } from './catalog-connections.js';
import type { CatalogPlace } from './catalog-place.js';
import { type Change, runChange } from './change.js';
import { changeStatus } from './change-status.js';
import { adopt, beginCreate, finishCreate, releaseCreate, undoCreate } from './create.js';
import { removeProcess, writeProcess } from './processes.js';
import {
  findById,
  findByName,
  isEmpty,
  listTenants,
  readChanges,
  readPosition,
  readRoutes,
} from './reads.js';
import { writeServer } from './servers.js';
import { setUp } from './setup.js';
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
    return this.#connections.read((db) => readPosition(db, this.#place), signal);
  }

  routesByName(names: readonly string[], signal?: AbortSignal): Promise<RouteSnapshot> {
    return this.#connections.read((db) => readRoutes(db, this.#place, names), signal);
  }

  changesAfter(revision: number, limit: number, signal?: AbortSignal): Promise<RouteSnapshot> {
    return this.#connections.read((db) => readChanges(db, this.#place, revision, limit), signal);
  }

  findByName(name: string): Promise<Tenant | undefined> {
    return this.#connections.read((db) => findByName(db, name));
  }

  findById(id: string): Promise<Tenant | undefined> {
    return this.#connections.read((db) => findById(db, id));
  }

  list(options: ListOptions): Promise<TenantPage> {
    return this.#connections.read((db) => listTenants(db, options));
  }

  isEmpty(): Promise<boolean> {
    return this.#connections.read(isEmpty);
  }

  beginCreate(tenant: NewTenant, owner: ProcessRecord): Promise<Tenant> {
    return this.#change((change) => beginCreate(change, tenant, owner));
  }

  finishCreate(id: string, owner: string): Promise<Tenant> {
    return this.#change((change) => finishCreate(change, id, owner));
  }

  undoCreate(id: string, owner: string): Promise<void> {
    return this.#change((change) => undoCreate(change, id, owner));
  }

  releaseCreate(id: string, owner: string): Promise<void> {
    return this.#connections.writeOne((db) => releaseCreate(db, id, owner));
  }

  adopt(tenant: AdoptedTenant): Promise<Tenant> {
    return this.#change((change) => adopt(change, tenant));
  }

  changeStatus(name: string, to: TenantStatus, options: { readonly endSessions: boolean }): Promise<Tenant> {
    return this.#change((change) => changeStatus(change, name, to, options.endSessions));
  }

  registerServer(name: string, engine: string, address: string): Promise<void> {
    const { dialect } = this.#connections;
    return this.#connections.writeOne((db) => writeServer(db, dialect, name, { engine, address }));
  }

  heartbeat(process: ProcessRecord): Promise<void> {
    const { dialect } = this.#connections;
    return this.#connections.writeOne((db) => writeProcess({ db, dialect }, process));
  }

  removeProcess(id: string): Promise<void> {
    const { dialect } = this.#connections;
    return this.#connections.writeOne((db) => removeProcess({ db, dialect }, id));
  }

  #change<T>(work: (change: Change) => Promise<T>): Promise<T> {
    return runChange(this.#connections, this.#place, work);
  }
}
