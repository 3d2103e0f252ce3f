import { redactValue } from './errors/redact.js';
import { InvalidOptionError } from './errors.js';
import { callOutside } from './input/outside-contexts.js';
import type { CredentialsOf, LimitsOf } from './options/per-tenant.js';
import { isTenantName, quoteForMessage } from './tenant/name.js';
import type { Isolation } from './tenant/tenant.js';

/** A configured database server. */
export interface ServerOptions {
  /**
   * `mysql://user:password@host:3306`, `postgres://...`, `sqlite:./folder`; `?socketPath=` for a
   * unix socket. The database in the path is the one that tenants of isolation `schema` and `row` share;
   * all others' placements name their own.
   *
   * MySQL's sessions are in UTC. On PostgreSQL `?timezone=` names their zone, which is else the server's, and the
   * settings on which reading values depends are pinned, unless `?settings=server` leaves them to the database and
   * the role. A `timestamp` without time zone is read by pg as the local time of this process: prefer `timestamptz`.
   */
  readonly url: string;
  /**
   * The most connections that this process ever holds to this server, those that are being opened
   * or closed included. 1 to 10000. Default 10; for SQLite, where a connection is a file handle, 100.
   * More is rarely faster: a database works best with about four per core. Where cancelling a
   * statement takes a connection (MySQL), one of them is kept for that, unless there is only one.
   */
  readonly maxConnections?: number | undefined;
  /**
   * The most of them that one tenant may use at once, so that a busy one leaves room for others. 1 to
   * 10000. Default: three quarters of what tenants may have. Lower it for tenants that must not notice
   * each other; raise it where there are few.
   */
  readonly maxConnectionsPerTenant?: number | undefined;
  /**
   * How tenants on it are kept apart where their creation does not say. `database`: each has a database.
   * PostgreSQL only, and all in the database of the URL's path: `schema`, each has a schema; `row`, they
   * share tables under row-level security. docs/isolation.md says what each costs and stops. Default `database`.
   */
  readonly isolation?: Isolation | undefined;
  /**
   * `reset`: an idle connection may move to another tenant after a full reset of its session, where
   * the engine can do that (MySQL, MariaDB; PostgreSQL between the schemas or rows of one database). `never`: a connection belongs to one tenant for life, which
   * costs a reconnect whenever the budget must be shared. Default `reset`.
   */
  readonly sharing?: 'reset' | 'never' | undefined;
}

/** How routes are cached. */
export interface CacheOptions {
  /** Milliseconds until a route is read again even if nothing changed. 1000 to 86400000. Default 300000. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds that the absence of a name is remembered, unless the poll sees it appear sooner. 0 to 3600000. Default 5000. */
  readonly absenceTtlMs?: number | undefined;
  /** Routes kept in memory, about 300 bytes each. 1 to 10000000. Default 100000. */
  readonly maxRoutes?: number | undefined;
  /** Absent names kept in memory. 0 to 10000000. Default 10000. */
  readonly maxAbsences?: number | undefined;
  /**
   * Milliseconds between two questions to the catalog whether anything changed: the bound of
   * staleness. 10 to 60000. Default 250; each costs the catalog one read of one row by its key. A process
   * that could not ask in time, because it or its machine was frozen, asks before it serves anybody.
   */
  readonly pollMs?: number | undefined;
  /**
   * Milliseconds that known tenants are still served after the catalog was last heard of. Longer
   * survives longer outages; but a process that alone lost sight of the catalog serves a suspended
   * tenant for that long. 1000 to 86400000. Default 60000.
   */
  readonly serveForMs?: number | undefined;
}

/** How long things may take. Milliseconds, 1 to 86400000 each. */
export interface TimeoutOptions {
  /** To open a connection. Default 5000. */
  readonly connectMs?: number | undefined;
  /** To wait for a connection. Default 10000. */
  readonly acquireMs?: number | undefined;
  /**
   * For one statement, the wait for its connection included. On drivers' pools and lent clients for each statement
   * without that wait; a stream or a cursor is one, from its begin to its end. Default 30000.
   */
  readonly queryMs?: number | undefined;
  /** For a transaction from its call to its end; on a lent client from BEGIN on, whoever is waited for. Default 60000. */
  readonly transactionMs?: number | undefined;
  /** For one question to the catalog. Default 2000. */
  readonly catalogMs?: number | undefined;
  /** Until an idle connection is closed. Default 30000. */
  readonly idleMs?: number | undefined;
  /** Until a connection is closed and made anew, however busy; up to a fifth of it earlier, by chance. Default 1800000. */
  readonly lifetimeMs?: number | undefined;
}

/** What `createTenancy` takes. */
export interface TenancyOptions {
  /** The catalog's URL with its database in the path: `mysql://app@db/General`. Default database: `General`. */
  readonly catalog: string;
  /** The database servers that hold tenants, by name. Default: the catalog's own server, as `main`. */
  readonly servers?: Readonly<Record<string, string | ServerOptions>> | undefined;
  /** Make the catalog's database and tables, or bring them up to date, before anything else. Default false. */
  readonly setup?: boolean | undefined;
  /**
   * For dry runs: the catalog is only read, and changes of it are refused. Together with `setup` one that is not
   * there counts as the empty one that would be made. Default false.
   */
  readonly preview?: boolean | undefined;
  /**
   * The name of a tenant that serves nobody, in which `tenancy.asTemplate` runs: schema tools and
   * start-up probes look at it before there is a tenant. It is made like any other; whoever asks for it in
   * another way is told that there is no such tenant. Default: none.
   */
  readonly template?: string | undefined;
  /** A script of SQL statements that makes a new tenant's tables; run once in its new database. */
  readonly provision?: { readonly script: string } | undefined;
  readonly cache?: CacheOptions | undefined;
  readonly timeouts?: TimeoutOptions | undefined;
  /**
   * Callers that may wait for a connection of one server. 0 to 1000000. Default 10000. Where they are that many, the
   * latest of the tenant that has most of them is turned away (`TENANTRY_POOL_FULL`) for one of a tenant that has fewer.
   */
  readonly maxWaiting?: number | undefined;
  /**
   * What single tenants may have of their server: weight, connections, time for a statement. Default:
   * all the same. Without it a busy tenant is held back by the others' turns alone.
   *
   * @example
   * ```ts
   * limits: ({ id }) => (enterprise.has(id) ? { weight: 4 } : { maxConnections: 2, statementTimeoutMs: 5000 })
   * ```
   */
  readonly limits?: LimitsOf | undefined;
  /**
   * A database user for each tenant, so that not even SQL that was written to attack reaches another's
   * data. Default: the user in the server's URL for all, which stops bugs only. SQLite has no users and refuses it.
   *
   * @example
   * ```ts
   * credentials: async ({ id }) => ({ user: `t_${id.slice(0, 8)}`, password: await vault.read(id) })
   * ```
   */
  readonly credentials?: CredentialsOf | undefined;
}

/** Every option with its value, checked and frozen. */
export interface ResolvedOptions {
  readonly catalog: string;
  readonly servers: ReadonlyMap<string, ResolvedServer>;
  readonly setup: boolean;
  readonly preview: boolean;
  readonly template: string | undefined;
  readonly provision: string | undefined;
  readonly cache: Readonly<Record<keyof CacheOptions, number>>;
  readonly timeouts: Readonly<Record<keyof TimeoutOptions, number>>;
  readonly maxWaiting: number;
  readonly limits: LimitsOf | undefined;
  readonly credentials: CredentialsOf | undefined;
}

/** A server's options, checked; what depends on its engine is filled in when the engine is known. */
export interface ResolvedServer {
  readonly url: string;
  readonly maxConnections: number | undefined;
  readonly maxConnectionsPerTenant: number | undefined;
  readonly isolation: Isolation;
  readonly sharing: 'reset' | 'never';
}

const DAY = 86_400_000;
const ISOLATIONS: readonly Isolation[] = ['database', 'schema', 'row'];

/**
 * Checks every option once and fills in the defaults.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) naming the option, its value's type and its range.
 */
export function resolveOptions(options: TenancyOptions): ResolvedOptions {
  assertKeys('', options, [
    'catalog',
    'servers',
    'setup',
    'preview',
    'template',
    'provision',
    'cache',
    'timeouts',
    'maxWaiting',
    'limits',
    'credentials',
  ]);
  const cache = options.cache ?? {};
  assertKeys('cache.', cache, ['ttlMs', 'absenceTtlMs', 'maxRoutes', 'maxAbsences', 'pollMs', 'serveForMs']);
  const timeouts = options.timeouts ?? {};
  assertKeys('timeouts.', timeouts, [
    'connectMs',
    'acquireMs',
    'queryMs',
    'transactionMs',
    'catalogMs',
    'idleMs',
    'lifetimeMs',
  ]);
  const catalog = text('catalog', options.catalog);
  return Object.freeze({
    catalog,
    servers: resolveServers(options.servers ?? { main: catalog }),
    setup: flag('setup', options.setup),
    preview: flag('preview', options.preview),
    template: options.template === undefined ? undefined : tenantName('template', options.template),
    provision: resolveProvision(options.provision),
    cache: Object.freeze({
      ttlMs: integer('cache.ttlMs', cache.ttlMs, 300_000, 1000, DAY),
      absenceTtlMs: integer('cache.absenceTtlMs', cache.absenceTtlMs, 5000, 0, 3_600_000),
      maxRoutes: integer('cache.maxRoutes', cache.maxRoutes, 100_000, 1, 10_000_000),
      maxAbsences: integer('cache.maxAbsences', cache.maxAbsences, 10_000, 0, 10_000_000),
      pollMs: integer('cache.pollMs', cache.pollMs, 250, 10, 60_000),
      serveForMs: integer('cache.serveForMs', cache.serveForMs, 60_000, 1000, DAY),
    }),
    timeouts: Object.freeze({
      connectMs: integer('timeouts.connectMs', timeouts.connectMs, 5000, 1, DAY),
      acquireMs: integer('timeouts.acquireMs', timeouts.acquireMs, 10_000, 1, DAY),
      queryMs: integer('timeouts.queryMs', timeouts.queryMs, 30_000, 1, DAY),
      transactionMs: integer('timeouts.transactionMs', timeouts.transactionMs, 60_000, 1, DAY),
      catalogMs: integer('timeouts.catalogMs', timeouts.catalogMs, 2000, 1, DAY),
      idleMs: integer('timeouts.idleMs', timeouts.idleMs, 30_000, 1, DAY),
      lifetimeMs: integer('timeouts.lifetimeMs', timeouts.lifetimeMs, 1_800_000, 1, DAY),
    }),
    maxWaiting: integer('maxWaiting', options.maxWaiting, 10_000, 0, 1_000_000),
    limits: callback('limits', options.limits),
    credentials: callback('credentials', options.credentials),
  });
}

function resolveProvision(provision: TenancyOptions['provision']): string | undefined {
  if (provision === undefined) return undefined;
  assertKeys('provision.', provision, ['script']);
  return text('provision.script', provision.script);
}

function resolveServers(servers: NonNullable<TenancyOptions['servers']>): ResolvedOptions['servers'] {
  if (typeof servers !== 'object' || servers === null)
    throw new InvalidOptionError('servers must be an object.');
  const resolved = new Map<string, ResolvedServer>();
  for (const [name, value] of Object.entries(servers)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name)) {
      throw new InvalidOptionError(
        `servers has the key ${quoteForMessage(name)}, which cannot name a server.`,
        { hint: 'Use 1 to 63 ASCII letters, digits, "-" and "_".' },
      );
    }
    resolved.set(name, resolveServer(`servers.${name}`, typeof value === 'string' ? { url: value } : value));
  }
  if (resolved.size === 0) {
    throw new InvalidOptionError('servers is empty.', {
      hint: 'Name at least one, or leave the option out.',
    });
  }
  return resolved;
}

function resolveServer(path: string, server: ServerOptions): ResolvedServer {
  assertKeys(`${path}.`, server, [
    'url',
    'maxConnections',
    'maxConnectionsPerTenant',
    'isolation',
    'sharing',
  ]);
  const count = (key: 'maxConnections' | 'maxConnectionsPerTenant') =>
    server[key] === undefined ? undefined : integer(`${path}.${key}`, server[key], 10, 1, 10_000);
  const { isolation = 'database', sharing = 'reset' } = server;
  if (!ISOLATIONS.includes(isolation)) {
    throw new InvalidOptionError(`${path}.isolation must be one of: ${ISOLATIONS.join(', ')}.`);
  }
  if (sharing !== 'reset' && sharing !== 'never') {
    throw new InvalidOptionError(`${path}.sharing must be "reset" or "never".`);
  }
  return Object.freeze({
    url: text(`${path}.url`, server.url),
    maxConnections: count('maxConnections'),
    maxConnectionsPerTenant: count('maxConnectionsPerTenant'),
    isolation,
    sharing,
  });
}

function assertKeys(path: string, value: object, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidOptionError(`${path.slice(0, -1) || 'The options'} must be an object.`, {
      hint: `Known are: ${known.join(', ')}.`,
    });
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new InvalidOptionError(`There is no option ${path}${redactValue(key)}.`, {
      hint: `Known are: ${known.join(', ')}.`,
    });
  }
}

function flag(path: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new InvalidOptionError(`${path} must be true or false.`);
}

/** It is asked about a tenant by whoever needs the answer first, and has no tenant in context. */
function callback<Args extends unknown[], R>(
  path: string,
  value: ((...args: Args) => R) | undefined,
): ((...args: Args) => R) | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'function') return (...args) => callOutside(value, ...args);
  throw new InvalidOptionError(`${path} must be a function.`);
}

function text(path: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidOptionError(`${path} must be a text that is not empty.`);
}

function tenantName(path: string, value: unknown): string {
  if (typeof value === 'string' && isTenantName(value)) return value;
  throw new InvalidOptionError(`${path} must be the name of a tenant.`, {
    hint: 'Names have 1 to 63 ASCII letters, digits, "-" and "_".',
  });
}

function integer(path: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidOptionError(`${path} must be a whole number from ${min} to ${max}.`, {
    hint: `It is ${typeof value === 'number' ? String(value) : typeof value}; the default is ${fallback}.`,
  });
}
