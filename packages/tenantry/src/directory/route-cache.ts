import { LRUCache } from 'lru-cache';
import type { Route } from '../tenant/tenant.js';
import type { DirectoryEntry } from './entry.js';

/** Routes and absences in memory, ordered by revision: an older one never overwrites a newer one. */
export class RouteCache {
  readonly #byName: LRUCache<string, DirectoryEntry>;
  readonly #byId = new Map<string, DirectoryEntry>();
  readonly #absences: LRUCache<string, number> | undefined;

  constructor(maxRoutes: number, maxAbsences: number) {
    this.#byName = new LRUCache({
      max: maxRoutes,
      dispose: (entry, _name, reason) => {
        if (reason === 'evict') this.#forget(entry);
      },
    });
    this.#absences = maxAbsences > 0 ? new LRUCache({ max: maxAbsences }) : undefined;
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): DirectoryEntry | undefined {
    return this.#byName.get(name);
  }

  /** When the absence of this name was read, or undefined. */
  absentSince(name: string): number | undefined {
    return this.#absences?.get(name);
  }

  /** Takes a route in, unless a newer one of the same tenant is known. Gives the entry that holds from now on. */
  store(route: Route, now: number): DirectoryEntry {
    const known = this.#byId.get(route.id);
    if (known !== undefined) {
      if (known.route.revision <= route.revision) this.#replace(known, route);
      known.readAt = now;
      return known;
    }
    if (!this.#takeName(route)) return { route, readAt: now, live: false };
    const entry: DirectoryEntry = { route, readAt: now, live: true };
    this.#byId.set(route.id, entry);
    this.#byName.set(route.name, entry);
    this.#absences?.delete(route.name);
    return entry;
  }

  /** Notes a change that the catalog reports: keeps what is cached up to date, and caches nothing new. */
  apply(route: Route): { readonly before: Route } | undefined {
    this.#absences?.delete(route.name);
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

  storeAbsence(name: string, now: number): void {
    const entry = this.#byName.peek(name);
    if (entry !== undefined) {
      this.#byName.delete(name);
      this.#forget(entry);
    }
    this.#absences?.set(name, now);
  }

  clear(): void {
    for (const entry of this.#byId.values()) entry.live = false;
    this.#byId.clear();
    this.#byName.clear();
    this.#absences?.clear();
  }

  #replace(entry: DirectoryEntry, route: Route): void {
    const before = entry.route;
    entry.route = route;
    if (before.name !== route.name) {
      this.#byName.delete(before.name);
      if (this.#takeName(route)) this.#byName.set(route.name, entry);
      else this.#forget(entry);
    }
    if (route.status === 'deleted') {
      this.#byName.delete(route.name);
      this.#forget(entry);
    }
    this.#absences?.delete(route.name);
  }

  /**
   * A name belongs to one tenant at a time: whoever was cached under it has lost it, unless that is
   * the newer news. Says whether the name is free for this route.
   */
  #takeName(route: Route): boolean {
    const other = this.#byName.peek(route.name);
    if (other === undefined || other.route.id === route.id) return true;
    if (other.route.revision > route.revision) return false;
    this.#byName.delete(route.name);
    this.#forget(other);
    return true;
  }

  #forget(entry: DirectoryEntry): void {
    entry.live = false;
    this.#byId.delete(entry.route.id);
  }
}
