import type { Catalog, CatalogPosition, RouteSnapshot } from '../catalog/catalog.js';
import { isSilent } from '../catalog/silence.js';
import { isNamedBy, isPossible, type TenantKey } from '../tenant/ref.js';
import { unknownTenant } from '../tenant/status.js';
import type { Route } from '../tenant/tenant.js';
import { calledBy, calledById, idIn } from './called.js';
import { ChangeLog } from './change-log.js';
import { type DirectoryEntry, NEVER } from './entry.js';
import { type Clocks, Freshness } from './freshness.js';
import { RouteCache } from './route-cache.js';
import { RouteLoader } from './route-loader.js';

/** How the directory caches; milliseconds and counts as in `CacheOptions`. */
export interface DirectoryOptions {
  readonly ttlMs: number;
  readonly absenceTtlMs: number;
  readonly maxRoutes: number;
  readonly maxAbsences: number;
  readonly pollMs: number;
  readonly serveForMs: number;
  /** Milliseconds that one question to the catalog may take. */
  readonly catalogMs: number;
  /** Default: the system's. */
  readonly clocks?: Clocks | undefined;
  /** Called after a change that ends sessions: another epoch or status. May not throw. */
  readonly onSessionsEnd?: (before: Route) => void;
  /** Called after any change of a cached route. May not throw. */
  readonly onChange?: (before: Route, after: Route) => void;
}

/** Changes read at once; a process that lags by more than ten such pages forgets everything instead. */
const CHANGES_PER_PAGE = 1000;
const MAX_PAGES = 10;
/** How long a route that ran out while the catalog was out of reach is served before the catalog is asked again. */
const RETRY_MS = 1000;

/**
 * Name or id -> route. From memory without a promise while it is fresh; else by one catalog query that
 * all who ask share.
 *
 * Fresh means: read within the TTL, and not to be doubted ({@link Freshness}). The poll
 * (see `poll.ts`) calls {@link Directory.catchUp}, which applies every change in the order of
 * revisions; an answer that was on its way while its tenant changed is asked for again.
 */
export class Directory {
  readonly #catalog: Catalog;
  readonly #options: DirectoryOptions;
  readonly #cache: RouteCache;
  readonly #changes = new ChangeLog(0);
  readonly #loader: RouteLoader;
  #position: CatalogPosition = { incarnation: '', revision: -1 };
  readonly #freshness: Freshness;
  #catchingUp: Promise<void> | undefined;

  constructor(catalog: Catalog, options: DirectoryOptions) {
    this.#catalog = catalog;
    this.#options = options;
    this.#cache = new RouteCache(options.maxRoutes, options.maxAbsences);
    this.#freshness = new Freshness(options);
    this.#loader = new RouteLoader((called) => this.#askFor(called));
  }

  /** The revision up to which everything cached is true. */
  get revision(): number {
    return this.#position.revision;
  }

  /** Routes in memory. */
  get size(): number {
    return this.#cache.size;
  }

  /** Milliseconds since the catalog last confirmed what is cached. */
  get confirmedMsAgo(): number {
    return this.#freshness.confirmedMsAgo;
  }

  /** The entry of the tenant that is called this if it is fresh, else undefined. No I/O, no promise. */
  peek(key: TenantKey, canWait = true): DirectoryEntry | undefined {
    const entry = this.#known(key);
    return entry !== undefined && this.isFresh(entry, canWait) && isNamedBy(entry.route, key)
      ? entry
      : undefined;
  }

  /** Whether an entry may be served; `canWait`: to a caller who could ask instead. */
  isFresh(entry: DirectoryEntry, canWait = true): boolean {
    const now = this.#freshness.now();
    return now - entry.readAt < this.#options.ttlMs && this.#freshness.holds(now, canWait);
  }

  /** This process runs: to be called at each interval of the poll, whatever the catalog does. */
  beat(): void {
    this.#freshness.beat();
  }

  /**
   * The entry of the tenant that is called this, asking the catalog where memory does not know.
   *
   * @throws UnknownTenantError; CatalogUnavailableError where nothing can be said.
   */
  async resolve(key: TenantKey, signal?: AbortSignal): Promise<DirectoryEntry> {
    if (!isPossible(key)) throw unknownTenant(key);
    const cached = this.#known(key);
    const isFresh = cached !== undefined && this.isFresh(cached);
    const entry = isFresh ? cached : await this.#load(key, signal);
    // Whoever has the name now is somebody else, if the id is another: nothing of its own is looked at.
    if (entry === undefined || !isNamedBy(entry.route, key)) throw unknownTenant(key);
    return entry;
  }

  async #load(key: TenantKey, signal: AbortSignal | undefined): Promise<DirectoryEntry | undefined> {
    const called = calledBy(key);
    if (this.#isKnownAbsent(called)) return undefined;
    try {
      return await this.#loader.load(called, signal);
    } catch (error) {
      const stale = this.#known(key);
      if (stale === undefined || !this.#mayServeStale(error)) throw error;
      // Old but not contradicted; the next one to ask the catalog comes a little later.
      stale.readAt = Math.floor(this.#freshness.now()) - this.#options.ttlMs + RETRY_MS;
      return stale;
    }
  }

  /** What memory has, fresh or not: by the name where there is one, whatever the id. */
  #known({ name, id }: TenantKey): DirectoryEntry | undefined {
    if (name !== undefined) return this.#cache.get(name);
    return id === undefined ? undefined : this.#cache.getById(id);
  }

  /** Forgets one entry, because a tenant's database contradicts it. The next use asks the catalog. */
  distrust(entry: DirectoryEntry): void {
    entry.readAt = NEVER;
  }

  /**
   * Brings the cache up to the catalog's present state; calls that come while it runs share it.
   * `timeoutMs` is for each question; the first one needs more, for it opens a connection.
   */
  catchUp(timeoutMs: number = this.#options.catalogMs): Promise<void> {
    this.#catchingUp ??= this.#catchUp(timeoutMs).finally(() => {
      this.#catchingUp = undefined;
    });
    return this.#catchingUp;
  }

  /** The same, by a question that is asked after this call: what is under way may have been answered before. */
  async catchUpAnew(): Promise<void> {
    await this.#catchingUp?.catch(() => {});
    await this.catchUp();
  }

  async #catchUp(timeoutMs: number): Promise<void> {
    const askedAt = this.#freshness.now();
    await this.#settling(askedAt, this.#readChanges(timeoutMs));
    this.#freshness.confirm(askedAt);
  }

  async #askFor(called: readonly string[]): Promise<Map<string, DirectoryEntry | undefined>> {
    const askedAt = this.#freshness.now();
    const signal = AbortSignal.timeout(this.#options.catalogMs);
    const ids = called.map(idIn).filter((id) => id !== undefined);
    const names = called.filter((one) => idIn(one) === undefined);
    const byName = names.length === 0 ? undefined : this.#catalog.routesByName(names, signal);
    const byId = ids.length === 0 ? undefined : this.#catalog.routesById(ids, signal);
    const answers = Promise.all([byName, byId]);
    const [ofNames, ofIds] = await this.#settling(askedAt, answers);
    const landed = new Map<string, DirectoryEntry | undefined>();
    if (ofNames !== undefined) this.#land(names, ofNames, askedAt, landed);
    if (ofIds !== undefined) this.#land(ids.map(calledById), ofIds, askedAt, landed);
    return landed;
  }

  /** What a question comes to; one that fails is an outage, and no freeze. */
  async #settling<T>(askedAt: number, question: Promise<T>): Promise<T> {
    try {
      return await question;
    } catch (error) {
      this.#freshness.settle(askedAt);
      throw error;
    }
  }

  async #readChanges(timeoutMs: number): Promise<void> {
    const position = await this.#catalog.position(AbortSignal.timeout(timeoutMs));
    if (this.#isBroken(position)) this.#startAnew(position);
    for (let page = 0; this.#position.revision < position.revision; page++) {
      const asked = this.#position.revision;
      const snapshot = await this.#catalog.changesAfter(
        asked,
        CHANGES_PER_PAGE,
        AbortSignal.timeout(timeoutMs),
      );
      if (page === MAX_PAGES || this.#isBroken(snapshot)) {
        this.#startAnew(snapshot);
        break;
      }
      for (const route of snapshot.routes) this.#apply(route);
      const last = snapshot.routes.at(-1);
      const isWhole = last === undefined || snapshot.routes.length < CHANGES_PER_PAGE;
      this.#position = {
        incarnation: snapshot.incarnation,
        revision: isWhole ? snapshot.revision : last.revision,
      };
    }
  }

  #apply(route: Route): void {
    this.#changes.add(route);
    const change = this.#cache.apply(route);
    if (change === undefined) return;
    const { before } = change;
    this.#options.onChange?.(before, route);
    if (before.epoch !== route.epoch || before.status !== route.status) this.#options.onSessionsEnd?.(before);
  }

  /** Takes in what a query answered; what does not land must be asked for again. */
  #land(
    called: readonly string[],
    snapshot: RouteSnapshot,
    askedAt: number,
    landed: Map<string, DirectoryEntry | undefined>,
  ): void {
    // It may have been on its way while this process was frozen.
    if (this.#freshness.isOutdated(askedAt)) return;
    if (snapshot.incarnation !== this.#position.incarnation) {
      // Another catalog answers: believe nothing, this answer included, until its position is known.
      this.#freshness.refute();
      this.#startAnew(snapshot);
    }
    const now = this.#freshness.now();
    const routes = new Map(
      snapshot.routes.flatMap((route) => [
        [route.name, route],
        [calledById(route.id), route],
      ]),
    );
    for (const one of called) {
      const route = routes.get(one);
      if (this.#changes.hasChanged(one, route, snapshot.revision)) continue;
      if (route !== undefined) landed.set(one, this.#cache.store(route, now));
      else {
        this.#cache.storeAbsence(one, now);
        landed.set(one, undefined);
      }
    }
  }

  #isKnownAbsent(called: string): boolean {
    const since = this.#cache.absentSince(called);
    if (since === undefined) return false;
    const now = this.#freshness.now();
    return now - since < this.#options.absenceTtlMs && this.#freshness.holds(now, true);
  }

  #mayServeStale(error: unknown): boolean {
    return isSilent(error) && this.#freshness.isInReach(this.#freshness.now());
  }

  #isBroken(position: CatalogPosition): boolean {
    const { incarnation, revision } = this.#position;
    return position.incarnation !== incarnation || position.revision < revision;
  }

  #startAnew(position: CatalogPosition): void {
    this.#cache.clear();
    this.#changes.reset(position.revision);
    this.#position = { incarnation: position.incarnation, revision: position.revision };
  }
}
