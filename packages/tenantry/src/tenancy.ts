import type { Bound, CurrentTenant } from './context/context.js';
import type { Tenants } from './fleet/tenants.js';
import type { Health, Stats } from './health.js';
import { assertFunction, assertTimeout } from './input/call-options.js';
import { assertKnownKeys } from './input/known-keys.js';
import type { EventListener, EventName } from './observe/events.js';
import type { TenancyOptions } from './options.js';
import { resolveOptions } from './options.js';
import type { Clients } from './session/clients.js';
import type { RunOptions } from './session/runs.js';
import type { CallOptions, Session, Transactor } from './session/session.js';
import type { WarmUp } from './session/warm-up.js';
import type { TenantRef } from './tenant/ref.js';
import { Wiring } from './wiring.js';

/** How long `tenancy.close` waits. */
export interface CloseOptions {
  /** Milliseconds until what is still under way is aborted. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

/** The application's door to its tenants. Made by {@link createTenancy}. */
export interface Tenancy extends AsyncDisposable {
  /**
   * A session of the tenant that is called this, or of the tenant in context. Synchronous; costs no I/O.
   * Whether there is such a tenant shows at the session's first use.
   *
   * @throws NoTenantError (`TENANTRY_NO_TENANT`) without a tenant and without a context, and for what names none.
   */
  session(tenant?: TenantRef): Session;
  /**
   * Runs `fn` with a tenant in context: `tenancy.session()` inside it is that tenant's. The tenant is found
   * first, so `fn` does not begin for one that is unknown, suspended, or not the one that was meant; where its
   * route is in memory `fn` begins at once. The run is bound to the tenant's id and epoch, as a session is. A generator, or
   * another iterator, that `fn` returns is read in its context, wherever that happens.
   *
   * @throws UnknownTenantError, TenantSuspendedError, CatalogUnavailableError, ... as a session's first use;
   * TenantSwitchError if another tenant is in context, unless `switch` is true. It rejects, and never throws.
   * @example
   * ```ts
   * await tenancy.run('acme', async () => tenancy.session().query('SELECT 1'))
   * await tenancy.run({ name: job.tenant, id: job.tenantId }, work, { signal: job.signal })
   * ```
   */
  run<T>(tenant: TenantRef, fn: () => T | PromiseLike<T>, options?: RunOptions): Promise<T>;
  /**
   * The tenant in context, or undefined: for logs, and for what must name it later. A token or a job should
   * carry `id` beside `name`, because a name can be taken again after its tenant was deleted.
   *
   * @example
   * ```ts
   * const { id, name } = tenancy.current() ?? {}
   * await queue.add('invoice', { tenant: { id, name } })
   * ```
   */
  current(): CurrentTenant | undefined;
  /**
   * A function that runs in the context of now, whenever and by whomever it is called: for callbacks and
   * listeners that would run in another one or in none. What it gives back it gives at once; a query that
   * is only begun when it is awaited is begun in the context as well, and a generator is read there.
   *
   * @throws NoTenantError (`TENANTRY_NO_TENANT`) without a tenant in context, when it is bound.
   * @example
   * ```ts
   * stream.on('data', tenancy.bind((row) => tenancy.session().execute('INSERT ...', [row.id])))
   * ```
   */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Bound<R>;
  /**
   * Runs `fn` with the template in context, as {@link Tenancy.run} does: for what looks at a database
   * before there is a tenant, such as an ORM's start-up probe or a schema tool.
   *
   * There is no other way to it: a request that names it finds no tenant.
   *
   * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if the option `template` names none.
   * @throws TenantSwitchError if another tenant is in context.
   * @example
   * ```ts
   * await using tenancy = await createTenancy({ catalog, template: 'template' })
   * await tenancy.asTemplate(() => dataSource.initialize())
   * ```
   */
  asTemplate<T>(fn: () => T | PromiseLike<T>): Promise<T>;
  /**
   * The driver's own clients of the tenant that is called this, or of the tenant in context, on leases: for
   * adapters, and for what only a driver can do (COPY, cursors). Synchronous; costs no I/O.
   *
   * @throws NoTenantError (`TENANTRY_NO_TENANT`) without a tenant and without a context, and for what names none.
   */
  clients(tenant?: TenantRef): Clients;
  /**
   * Calls `listener` for each event of this name, until the returned function is called. It costs
   * nothing where nobody listens. The process's channels `tenantry:EVENT` (node:diagnostics_channel)
   * carry the same events, of every tenancy. Listeners run outside of every tenant's context.
   *
   * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for a name that no event has.
   * @example
   * ```ts
   * tenancy.on('identity.mismatch', ({ tenant, server, error }) => page(`${tenant} on ${server}: ${error.message}`))
   * ```
   */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void;
  /** Makes, finds and changes tenants. */
  readonly tenants: Tenants;
  /** The catalog's own database, for what belongs to no tenant. At most four connections, three on MySQL. */
  readonly central: Transactor;
  /**
   * Reads the routes of these tenants, and opens a connection for each in their order as far as each
   * server's budget has room, so that their first requests wait for neither. Nothing that is there is
   * closed for it; requests may come meanwhile. A tenant that cannot be warmed up is told of and is no
   * error. Default `timeoutMs` 10000, for all of them.
   *
   * @throws AbortedError if the signal fires.
   * @example
   * ```ts
   * await tenancy.warmUp(['acme', 'globex'], { timeoutMs: 3000 })
   * ```
   */
  warmUp(tenants: readonly TenantRef[], options?: CallOptions): Promise<WarmUp>;
  /** Asks the catalog and every server, each within two seconds. Never rejects. */
  health(): Promise<Health>;
  /** This process in numbers: what its pools hold, who waits, what was cached. Costs no I/O. */
  stats(): Stats;
  /**
   * Refuses new work, waits for what is under way, then closes everything. Idempotent. What is still under way when its
   * time is over is rolled back and rejects, a transaction whose function waits for something else included.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Closes everything at once; what is under way rejects. Idempotent. */
  destroy(): Promise<void>;
}

/**
 * Asks the catalog and every server once, also where the catalog does not answer: then there can be no tenancy, and
 * its servers may be well.
 *
 * @throws InvalidOptionError, DriverMissingError
 */
export async function checkHealth(options: TenancyOptions): Promise<Health> {
  const wiring = await Wiring.build(resolveOptions(options));
  try {
    return await wiring.health();
  } finally {
    await wiring.destroy();
  }
}

/**
 * Connects to the catalog and gives the application its door to the tenants. One look at the
 * catalog, whatever the number of tenants.
 *
 * It keeps the process: what is connected to a server does, as long as the catalog is asked for changes. A program that
 * comes to its end must call `close()`. Where catalog and tenants are files of SQLite nothing keeps it.
 *
 * @throws InvalidOptionError, DriverMissingError, CatalogUnavailableError, CatalogMissingError,
 * CatalogVersionError; nothing is left open then.
 * @example
 * ```ts
 * await using tenancy = await createTenancy({ catalog: 'mysql://app@db/General' })
 * const users = await tenancy.session('TenantA').query('SELECT id, username FROM users ORDER BY id')
 * ```
 */
export async function createTenancy(options: TenancyOptions): Promise<Tenancy> {
  const wiring = await Wiring.build(resolveOptions(options));
  try {
    await wiring.start();
  } catch (error) {
    await wiring.destroy();
    throw error;
  }
  return Object.freeze<Tenancy>({
    session: (tenant) => wiring.session(tenant),
    run: (tenant, fn, options) => wiring.run(tenant, fn, options),
    current: () => currentOf(wiring.context.current),
    bind: (fn) => {
      assertFunction('bind', fn);
      return wiring.context.bind(fn);
    },
    asTemplate: (fn) => wiring.asTemplate(fn),
    clients: (tenant) => wiring.clients(tenant),
    on: (name, listener) => {
      assertFunction('on', listener);
      return wiring.watchers.on(name, listener);
    },
    tenants: wiring.tenants,
    central: wiring.central,
    warmUp: async (tenants, options) => wiring.warmUp(tenants, options),
    health: () => wiring.health(),
    stats: () => wiring.stats(),
    close: async (options) => wiring.close(closeMs(options)),
    destroy: () => wiring.destroy(),
    [Symbol.asyncDispose]: () => wiring.close(CLOSE_MS),
  });
}

const CLOSE_MS = 5000;

function closeMs(options: CloseOptions = {}): number {
  assertKnownKeys('close', options, ['timeoutMs']);
  const { timeoutMs = CLOSE_MS } = options;
  // 0 aborts at once what is under way.
  if (timeoutMs !== 0) assertTimeout('close', timeoutMs);
  return timeoutMs;
}

function currentOf(scope: CurrentTenant | undefined): CurrentTenant | undefined {
  return scope && Object.freeze({ id: scope.id, name: scope.name, epoch: scope.epoch });
}
