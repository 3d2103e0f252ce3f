import type { Route } from '../tenant/tenant.js';
import { BoundedMap } from './bounded-map.js';
import { idIn } from './called.js';

/**
 * The last changes, by tenant and by name, so that an answer that was on its way while they
 * happened is known to be out of date when it lands. It forgets old changes; what is older than
 * all that it remembers counts as changed.
 */
export class ChangeLog {
  readonly #revisions: BoundedMap<string, number>;
  #floor: number;

  constructor(floor: number, max = 20_000) {
    this.#floor = floor;
    this.#revisions = new BoundedMap(max, (revision) => {
      this.#floor = Math.max(this.#floor, revision);
    });
  }

  add(route: Route): void {
    this.#revisions.set(`id ${route.id}`, route.revision);
    this.#revisions.set(`name ${route.name}`, route.revision);
  }

  /** Whether what was read of this name or id (see `called.ts`) at `revision` may have changed since. */
  hasChanged(called: string, route: Route | undefined, revision: number): boolean {
    if (revision < this.#floor) return true;
    const id = idIn(called);
    const key = id === undefined ? `name ${called}` : `id ${id}`;
    if ((this.#revisions.get(key) ?? 0) > revision) return true;
    return route !== undefined && (this.#revisions.get(`id ${route.id}`) ?? 0) > revision;
  }

  /** Starts anew at a revision. */
  reset(floor: number): void {
    this.#revisions.clear();
    this.#floor = floor;
  }
}
