import { performance } from 'node:perf_hooks';
import type { Catalog } from './catalog/catalog.js';
import { previewCatalog } from './catalog/preview-catalog.js';
import { createSqlCatalog } from './catalog-sql/sql-catalog.js';
import { TenantContext } from './context/context.js';
import { Directory } from './directory/directory.js';
import { Heartbeat } from './directory/heartbeat.js';
import { Poll } from './directory/poll.js';
import { withoutTemplate } from './directory/route-source.js';
import { parseAddress } from './engine/address.js';
import type { EngineName } from './engine/capabilities.js';
import type { Engine, EngineServer } from './engine/engine.js';
import type { PlaceOptions } from './engine/place.js';
import { ClosedError, InvalidInputError, InvalidOptionError, UnknownServerError } from './errors.js';
import type { AdminServer } from './fleet/admin-server.js';
import { assertIsolation } from './fleet/isolation.js';
import { previewProvisioning } from './fleet/preview-provisioning.js';
import type { Tenants } from './fleet/tenants.js';
import { tenantsOf } from './fleet/tenants-of.js';
import { HEALTH_MS, type Health, probe, type Stats, TENANTS_TOLD } from './health.js';
import { Watchers } from './observe/watchers.js';
import type { ResolvedOptions, ResolvedServer } from './options.js';
import { atMost } from './pool/at-most.js';
import { withinBudget } from './pool/budgeted-provisioning.js';
import { ServerPool } from './pool/server-pool.js';
import type { ServerPoolOptions } from './pool/server-pool-options.js';
import type { PoolTarget } from './pool/target.js';
import { TenantClients } from './session/clients.js';
import { CredentialStore } from './session/credentials.js';
import { PooledExecutor } from './session/executor.js';
import { type RunOptions, Runs } from './session/runs.js';
import type { CallOptions, Transactor } from './session/session.js';
import { type SessionRooms, TenantSession } from './session/tenant-session.js';
import { type WarmUp, warmUp } from './session/warm-up.js';
import { quoteForMessage } from './tenant/name.js';
import { keyOf, type TenantRef } from './tenant/ref.js';
import type { Isolation, Route } from './tenant/tenant.js';

/** Look-ups never wait for busy tenants: the catalog has a small pool of its own. */
const CATALOG_CONNECTIONS = 2;
const CENTRAL_CONNECTIONS = 4;
/** A SQLite connection is a file handle; the others cost the server a process or a thread each. */
const DEFAULT_CONNECTIONS = 10;
const DEFAULT_CHEAP_CONNECTIONS = 100;
/** The part of a server's budget that one tenant may use at once, where nobody says. */
const PER_TENANT = 0.75;

/** What the catalog is still told when there is no time left, in milliseconds. */
const GOODBYE_MS = 250;

/** Builds the rooms, wires them together, and owns their start and their end. */
export class Wiring {
  readonly context = new TenantContext();
  readonly watchers = new Watchers();
  readonly tenants: Tenants;
  readonly central: Transactor;
  readonly #options: ResolvedOptions;
  readonly #pools: ReadonlyMap<string, ServerPool>;
  readonly #catalogPool: ServerPool;
  readonly #centralPool: ServerPool;
  readonly #catalog: Catalog;
  readonly #directory: Directory;
  readonly #poll: Poll;
  readonly #heartbeat: Heartbeat;
  readonly #sessionRooms: SessionRooms;
  /** The same for whoever does not ask for the template as such. */
  readonly #publicRooms: SessionRooms;
  readonly #runs: Runs;
  readonly #templateRuns: Runs;
  #closing: Promise<void> | undefined;
  #isStarted = false;

  /** Takes the URLs apart and loads the engines that they name. No I/O beyond that. */
  static async build(options: ResolvedOptions): Promise<Wiring> {
    const catalogServer = await serverAt(options.catalog);
    const servers = new Map<string, EngineServer>();
    for (const [name, { url, isolation }] of options.servers) {
      const server = await serverAt(url);
      assertServerIsolation(name, server, isolation);
      servers.set(name, server);
    }
    return new Wiring(options, catalogServer, servers);
  }

  private constructor(
    options: ResolvedOptions,
    catalogServer: EngineServer,
    servers: ReadonlyMap<string, EngineServer>,
  ) {
    const { cache, timeouts } = options;
    const catalogDatabase = catalogServer.address.database ?? 'General';
    this.#options = options;
    this.#catalogPool = this.#pool('catalog', catalogServer, ownBudget(CATALOG_CONNECTIONS, false));
    this.#centralPool = this.#pool('central', catalogServer, ownBudget(CENTRAL_CONNECTIONS, true));
    this.#pools = new Map(
      [...servers].map(([name, server]) => [
        name,
        this.#pool(name, server, tenantBudget(options.servers.get(name), server)),
      ]),
    );
    const catalog = createSqlCatalog({
      server: catalogServer,
      database: catalogDatabase,
      connections: this.#catalogPool.source(unownedTarget('the catalog', catalogDatabase, { ours: true })),
    });
    this.#catalog = options.preview ? previewCatalog(catalog, options.setup) : catalog;
    this.#directory = new Directory(this.#catalog, {
      ...cache,
      catalogMs: timeouts.catalogMs,
      onSessionsEnd: (route) => this.#pools.get(route.placement.server)?.evict(route.id),
      onChange: (before, after) => this.#tellChange(before, after),
    });
    this.#poll = new Poll(this.#directory, this.#catalog, cache.pollMs);
    this.#heartbeat = new Heartbeat(this.#catalog, () => this.#directory.revision);
    this.#sessionRooms = {
      directory: this.#directory,
      pool: (name) => this.#findPool(name),
      watchers: this.watchers,
      queryMs: timeouts.queryMs,
      transactionMs: timeouts.transactionMs,
      limitsOf: options.limits,
      credentials:
        options.credentials && new CredentialStore(options.credentials, timeouts.connectMs, cache.maxRoutes),
    };
    const directory = withoutTemplate(this.#directory, options.template);
    this.#publicRooms = { ...this.#sessionRooms, directory };
    this.#runs = new Runs(this.context, directory);
    this.#templateRuns = new Runs(this.context, this.#directory);
    this.tenants = tenantsOf({
      catalog: this.#catalog,
      catalogServer,
      catalogDatabase,
      serverNames: [...servers.keys()],
      findServer: (name) => this.#adminServer(name, this.#findPool(name)),
      script: options.provision,
      process: () => this.#heartbeat.record(),
      changed: () => this.#directory.catchUpAnew(),
    });
    this.central = this.#centralExecutor(catalogDatabase);
  }

  /** Makes the catalog if asked to, and takes a first look at it. */
  async start(): Promise<void> {
    if (this.#options.setup) await this.#catalog.setup();
    const { connectMs, catalogMs } = this.#options.timeouts;
    await this.#directory.catchUp(connectMs + catalogMs);
    this.#isStarted = true;
    this.#poll.start();
    if (!this.#options.preview) this.#heartbeat.start();
  }

  /** Of the tenant that is called this, or of the one in context, at its epoch. */
  session(ref: TenantRef | undefined): TenantSession {
    this.#assertOpen();
    const { current } = this.context;
    const rooms = current?.isTemplate === true ? this.#sessionRooms : this.#publicRooms;
    if (ref !== undefined) return new TenantSession(rooms, keyOf(ref), undefined, current?.signal);
    const run = current ?? this.context.require();
    return new TenantSession(rooms, { name: undefined, id: run.id }, run, run.signal);
  }

  run<T>(ref: TenantRef, fn: () => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    const runs = this.context.current?.isTemplate === true ? this.#templateRuns : this.#runs;
    return runs.run(ref, fn, options);
  }

  async asTemplate<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    return this.#templateRuns.run(this.#template(), fn, undefined, true);
  }

  warmUp(tenants: readonly TenantRef[], options: CallOptions | undefined): Promise<WarmUp> {
    this.#assertOpen();
    if (!Array.isArray(tenants)) {
      throw new InvalidInputError('warmUp takes a list of tenants.', {
        hint: 'Pass an array: warmUp(["acme"]).',
      });
    }
    const keys = new Map(tenants.map(keyOf).map((key) => [`${key.name ?? ''}=${key.id ?? ''}`, key]));
    const sessions = [...keys.values()].map((key) => new TenantSession(this.#publicRooms, key));
    return warmUp(sessions, (name) => this.#findPool(name), options);
  }

  /** The template's name. Throws InvalidOptionError if none was configured. */
  #template(): string {
    const { template } = this.#options;
    if (template !== undefined) return template;
    throw new InvalidOptionError('No template was configured.', {
      hint: 'Make a tenant that serves nobody, and name it: createTenancy({ template: "template" }).',
    });
  }

  clients(ref: TenantRef | undefined): TenantClients {
    return new TenantClients(this.session(ref), this.context.scope);
  }

  async health(): Promise<Health> {
    const [catalog, ...servers] = await Promise.all([
      probe(() => this.#directory.catchUp()),
      ...[...this.#pools].map(([name, pool]) =>
        probe(async () => {
          const provisioning = await this.#adminServer(name, pool).provisioning();
          await provisioning.databaseExists('tenantry', { signal: AbortSignal.timeout(HEALTH_MS) });
        }),
      ),
    ]);
    const parts = [...this.#pools].map(([name, pool], index) => {
      const health = servers[index] ?? { ok: false };
      return [name, { ...health, pool: pool.stats() }] as const;
    });
    return {
      ok: catalog.ok && servers.every(({ ok }) => ok),
      catalog: {
        ...catalog,
        revision: this.#directory.revision,
        confirmedMsAgo: Math.round(this.#directory.confirmedMsAgo),
      },
      servers: Object.fromEntries(parts),
    };
  }

  stats(): Stats {
    const servers = [...this.#pools].map(([name, pool]) => {
      return [name, { ...pool.stats(), ...pool.tenants(TENANTS_TOLD) }] as const;
    });
    const { revision, confirmedMsAgo, size: routes } = this.#directory;
    return { directory: { revision, confirmedMsAgo, routes }, servers: Object.fromEntries(servers) };
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#drain(timeoutMs);
    return this.#closing;
  }

  destroy(): Promise<void> {
    const pools = [...this.#pools.values(), this.#centralPool, this.#catalogPool];
    this.#heartbeat.end();
    this.#sessionRooms.credentials?.end();
    const destroyed = pools.map((pool) => pool.destroy());
    const ended = Promise.all([this.#closing, ...destroyed, atMost(GOODBYE_MS, this.#poll.stop())]);
    this.#closing = ended.then(() => {});
    return this.#closing;
  }

  async #drain(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    const leftMs = () => Math.max(GOODBYE_MS, endsAt - performance.now());
    const pools = [...this.#pools.values(), this.#centralPool];
    this.#sessionRooms.credentials?.end();
    await Promise.all([atMost(timeoutMs, this.#poll.stop()), ...pools.map((pool) => pool.close(timeoutMs))]);
    if (this.#isStarted) await atMost(leftMs(), this.#heartbeat.stop());
    await this.#catalogPool.close(Math.min(1000, leftMs()));
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }

  #pool(
    name: string,
    server: EngineServer,
    own: Omit<ServerPoolOptions, keyof SharedPoolOptions>,
  ): ServerPool {
    const { timeouts, maxWaiting } = this.#options;
    const { acquireMs, connectMs, idleMs, lifetimeMs } = timeouts;
    const shared: SharedPoolOptions = { maxWaiting, acquireMs, connectMs, idleMs, lifetimeMs };
    return new ServerPool(name, server, { ...shared, ...own, watchers: this.watchers });
  }

  #tellChange(before: Route, after: Route): void {
    if (!this.watchers.hears('tenant.changed')) return;
    const { id: tenantId, name: tenant } = before;
    this.watchers.tell('tenant.changed', { tenantId, tenant, before, after });
  }

  #findPool(name: string): ServerPool {
    const pool = this.#pools.get(name);
    if (pool !== undefined) return pool;
    throw new UnknownServerError(`This process is configured for no server ${quoteForMessage(name)}.`, {
      hint: `Add it to the option "servers". Configured are: ${[...this.#pools.keys()].join(', ')}.`,
    });
  }

  #adminServer(name: string, pool: ServerPool): AdminServer {
    const { server } = pool;
    const { preview, servers } = this.#options;
    const provisioning = async () => {
      const budgeted = withinBudget(await server.provisioning(), pool);
      return preview ? previewProvisioning(budgeted) : budgeted;
    };
    return { name, server, isolation: servers.get(name)?.isolation ?? 'database', provisioning };
  }

  #centralExecutor(database: string): Transactor {
    const pool = this.#centralPool;
    const target = unownedTarget('central', database);
    const { queryMs, transactionMs } = this.#options.timeouts;
    return new PooledExecutor({
      label: 'the catalog',
      queryMs,
      transactionMs,
      engine: () => pool.server.engine,
      confirm: () => undefined,
      lease: (limit) =>
        pool.take(target) ??
        limit.waiting((signal) => pool.acquire(target, { timeoutMs: limit.remainingMs, signal })),
    });
  }
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if the server's engine or URL does not allow its isolation. */
function assertServerIsolation(name: string, server: EngineServer, isolation: Isolation): void {
  try {
    assertIsolation(server, isolation, undefined);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidOptionError(`servers.${name}.isolation: ${error.message}`, { hint: error.hint });
  }
}

async function serverAt(url: string): Promise<EngineServer> {
  const address = parseAddress(url);
  return (await loadEngine(address.engine)).server(address);
}

/** Loads an engine, and only that one. Its driver is loaded when it first connects. */
async function loadEngine(name: EngineName): Promise<Engine> {
  switch (name) {
    case 'mysql':
      return (await import('./engines/mysql/index.js')).mysql;
    case 'postgres':
      return (await import('./engines/postgres/index.js')).postgres;
    case 'sqlite':
      return (await import('./engines/sqlite/index.js')).sqlite;
  }
}

/** What every pool of a process has in common. */
type SharedPoolOptions = Pick<
  ServerPoolOptions,
  'maxWaiting' | 'acquireMs' | 'connectMs' | 'idleMs' | 'lifetimeMs'
>;

/** The budget of a pool that serves one database and no tenant. */
function ownBudget(maxConnections: number, cancels: boolean) {
  return { maxConnections, maxPerKey: maxConnections, cancels, sharing: false };
}

/** The budget of a server that holds tenants. */
function tenantBudget(options: ResolvedServer | undefined, { engine }: EngineServer) {
  const fallback = engine.capabilities.cheapConnections ? DEFAULT_CHEAP_CONNECTIONS : DEFAULT_CONNECTIONS;
  const maxConnections = options?.maxConnections ?? fallback;
  const maxPerKey = options?.maxConnectionsPerTenant ?? Math.max(1, Math.ceil(maxConnections * PER_TENANT));
  return { maxConnections, maxPerKey, cancels: true, sharing: options?.sharing !== 'never' };
}

/** The target of connections to the catalog's own database, which belongs to no tenant. */
function unownedTarget(label: string, database: string, place: PlaceOptions = {}): PoolTarget {
  return {
    key: label,
    label,
    epoch: 0,
    database,
    place,
    certifiedOn: new Set(),
    certify: () => Promise.resolve(),
  };
}

function closedError(): ClosedError {
  return new ClosedError('The tenancy is closed.', { hint: 'Make no calls after close().' });
}
