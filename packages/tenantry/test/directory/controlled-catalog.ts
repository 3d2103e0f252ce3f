import type { Catalog, RouteSnapshot } from '../../src/catalog/catalog.js';
import { databasePlacement } from '../../src/catalog/catalog.js';
import { CatalogUnavailableError } from '../../src/errors.js';
import type { Route, TenantStatus } from '../../src/tenant/tenant.js';

/**
 * A catalog whose answers the test holds back and lets go: the races between a slow answer and a
 * change cannot be had from a real one on demand.
 */
export class ControlledCatalog {
  incarnation = 'one';
  revision = 0;
  isDown = false;
  /** Why, where it is not out of reach. */
  refusal: Error | undefined;
  queries: string[][] = [];
  polls = 0;
  readonly #routes = new Map<string, Route>();
  #held: (() => void)[] | undefined;
  #holdsPositions = false;

  /** What a directory needs of a catalog. */
  get catalog(): Catalog {
    const { position, routesByName, routesById, changesAfter } = this;
    return { position, routesByName, routesById, changesAfter } as Partial<Catalog> as Catalog;
  }

  put(
    name: string,
    change: Partial<Route> & { readonly status?: TenantStatus } = {},
    id = `id-${name}`,
  ): Route {
    const known = this.#routes.get(id);
    const route: Route = Object.freeze({
      id,
      status: 'active',
      incarnation: this.incarnation,
      placement: databasePlacement('main', name),
      epoch: 1,
      schemaVersion: null,
      ...known,
      ...change,
      name,
      revision: ++this.revision,
    });
    this.#routes.set(id, route);
    return route;
  }

  /** Answers are computed at once and delivered when {@link release} is called; those to the poll only if asked for. */
  hold({ positions = false } = {}): void {
    this.#held = [];
    this.#holdsPositions = positions;
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#holdsPositions = false;
    for (const deliver of held) deliver();
  }

  position = async () => {
    this.polls++;
    this.#assertUp();
    const position = { incarnation: this.incarnation, revision: this.revision };
    if (this.#holdsPositions) await this.#untilReleased();
    return position;
  };

  routesByName = (names: readonly string[]) => this.#read(names, ({ name }) => names.includes(name));

  routesById = (ids: readonly string[]) => this.#read(ids, ({ id }) => ids.includes(id));

  async #read(asked: readonly string[], isAsked: (route: Route) => boolean): Promise<RouteSnapshot> {
    this.queries.push([...asked]);
    this.#assertUp();
    const routes = [...this.#routes.values()].filter((route) => isAsked(route) && route.status !== 'deleted');
    const snapshot = { incarnation: this.incarnation, revision: this.revision, routes };
    await this.#untilReleased();
    return snapshot;
  }

  async #untilReleased(): Promise<void> {
    const held = this.#held;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
  }

  changesAfter = async (revision: number, limit: number): Promise<RouteSnapshot> => {
    this.#assertUp();
    const routes = [...this.#routes.values()]
      .filter((route) => route.revision > revision)
      .sort((a, b) => a.revision - b.revision)
      .slice(0, limit);
    return { incarnation: this.incarnation, revision: this.revision, routes };
  };

  #assertUp(): void {
    if (this.isDown) throw this.refusal ?? new CatalogUnavailableError('The catalog is out of reach.');
  }
}
