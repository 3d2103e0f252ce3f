import type { Route } from '../tenant/tenant.js';
import { BoundedMap } from './bounded-map.js';
import { calledById, idIn } from './called.js';
import { type DirectoryEntry, NEVER } from './entry.js';

/**
 * Routes and absences in memory, ordered by revision: an older one never overwrites a newer one.
 *
 * When it is full, the next route goes that was not asked for since the round before (a clock, which
 * is nearly as good as an LRU). A cache that preallocates an LRU list would take 24 bytes for each of
 * `maxRoutes` in every process, however few tenants there are.
 */
export class RouteCache {
  readonly #byName = new Map<string, DirectoryEntry>();
  readonly #byId = new Map<string, DirectoryEntry>();
  readonly #absences: BoundedMap<string, number>;
  readonly #maxRoutes: number;
  /** Where the search for a route to drop goes on. Made when it is needed: it keeps what a growing map leaves behind. */
  #hand: Iterator<DirectoryEntry, undefined> | undefined;

  constructor(maxRoutes: number, maxAbsences: number) {
    this.#maxRoutes = maxRoutes;
    this.#absences = new BoundedMap(maxAbsences);
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): DirectoryEntry | undefined {
    const entry = this.#byName.get(name);
    if (entry !== undefined) entry.used = true;
    return entry;
  }

  getById(id: string): DirectoryEntry | undefined {
    const entry = this.#byId.get(id);
    if (entry !== undefined) entry.used = true;
    return entry;
  }

  /** When the absence of this name, or of a tenant of this id, was read; or undefined. */
  absentSince(called: string): number | undefined {
    return this.#absences.get(called);
  }

  /** Takes a route in, unless a newer one of the same tenant is known. Gives the entry that holds from now on. */
  store(route: Route, now: number): DirectoryEntry {
    const known = this.#byId.get(route.id);
    if (known !== undefined) {
      if (known.route.revision <= route.revision) this.#replace(known, route);
      known.readAt = Math.floor(now);
      return known;
    }
    if (!this.#takeName(route)) return { route, readAt: NEVER, used: false };
    while (this.#byName.size >= this.#maxRoutes) this.#dropOne();
    const entry: DirectoryEntry = { route, readAt: Math.floor(now), used: false };
    this.#byId.set(route.id, entry);
    this.#byName.set(route.name, entry);
    this.#isThere(route);
    return entry;
  }

  /** Notes a change that the catalog reports: keeps what is cached up to date, and caches nothing new. */
  apply(route: Route): { readonly before: Route } | undefined {
    this.#isThere(route);
    const known = this.#byId.get(route.id);
    if (known === undefined) {
      this.#takeName(route);
      return undefined;
    }
    const before = known.route;
    if (before.revision >= route.revision) return undefined;
    this.#replace(known, route);
    return { before };
  }

  storeAbsence(called: string, now: number): void {
    const id = idIn(called);
    const entry = id === undefined ? this.#byName.get(called) : this.#byId.get(id);
    if (entry !== undefined) this.#drop(entry);
    this.#absences.set(called, now);
  }

  clear(): void {
    for (const entry of this.#byId.values()) entry.readAt = NEVER;
    this.#byId.clear();
    this.#byName.clear();
    this.#hand = undefined;
    this.#absences.clear();
  }

  #replace(entry: DirectoryEntry, route: Route): void {
    const before = entry.route;
    entry.route = route;
    if (before.name !== route.name) {
      this.#byName.delete(before.name);
      if (this.#takeName(route)) this.#byName.set(route.name, entry);
      else this.#forget(entry);
    }
    if (route.status === 'deleted') this.#drop(entry);
    this.#isThere(route);
  }

  #isThere(route: Route): void {
    this.#absences.delete(route.name);
    this.#absences.delete(calledById(route.id));
  }

  /**
   * A name belongs to one tenant at a time: whoever was cached under it has lost it, unless that is
   * the newer news. Says whether the name is free for this route.
   */
  #takeName(route: Route): boolean {
    const other = this.#byName.get(route.name);
    if (other === undefined || other.route.id === route.id) return true;
    if (other.route.revision > route.revision) return false;
    this.#drop(other);
    return true;
  }

  #dropOne(): void {
    for (;;) {
      this.#hand ??= this.#byName.values();
      const entry = this.#hand.next().value;
      if (entry === undefined) this.#hand = undefined;
      else if (entry.used) entry.used = false;
      else {
        this.#drop(entry);
        return;
      }
    }
  }

  #drop(entry: DirectoryEntry): void {
    const { name } = entry.route;
    if (this.#byName.get(name) === entry) this.#byName.delete(name);
    this.#forget(entry);
  }

  #forget(entry: DirectoryEntry): void {
    entry.readAt = NEVER;
    this.#byId.delete(entry.route.id);
  }
}
