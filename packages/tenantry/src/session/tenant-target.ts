import type { EngineConnection } from '../engine/connection.js';
import { type DatabasePart, type PlaceOptions, partOf } from '../engine/place.js';
import { askLimits, type LimitsOf } from '../options/per-tenant.js';
import { certify, certifyNow } from '../pool/certificate.js';
import type { TenantLimits } from '../pool/fair-queue-options.js';
import type { ServerPool } from '../pool/server-pool.js';
import type { PoolTarget } from '../pool/target.js';
import type { Route } from '../tenant/tenant.js';
import type { CredentialStore, KnownCredentials } from './credentials.js';
import type { Limit } from './limit.js';

/** What the targets of a tenancy share. */
export interface TargetRooms {
  /** The pool of a server. Throws UnknownServerError or ClosedError. */
  pool(server: string): ServerPool;
  /** Milliseconds for a statement of a tenant without a limit of its own. */
  readonly queryMs: number;
  readonly limitsOf: LimitsOf | undefined;
  /** Undefined where every tenant is served as the user in its server's URL. */
  readonly credentials: CredentialStore | undefined;
}

/** What the connections of one tenant are to serve, and what it may have. */
export class TenantTarget implements PoolTarget {
  readonly key: string;
  readonly label: string;
  readonly epoch: number;
  readonly database: string;
  readonly certifiedOn = new Set<string>();
  readonly limits: TenantLimits;
  /** Milliseconds for one of its statements, where the caller names none. */
  readonly queryMs: number;
  readonly #route: Route;
  readonly #part: DatabasePart | undefined;
  readonly #store: CredentialStore | undefined;
  #known: KnownCredentials | undefined;
  #place: PlaceOptions;

  /** @throws InvalidOptionError, UnknownServerError, ClosedError */
  constructor(rooms: TargetRooms, route: Route) {
    this.key = route.id;
    this.label = route.name;
    this.epoch = route.epoch;
    this.database = route.placement.database;
    const { weight, maxConnections, statementTimeoutMs } = askLimits(rooms.limitsOf, route);
    this.limits = rooms.pool(route.placement.server).limits({ weight, maxInUse: maxConnections });
    this.queryMs = statementTimeoutMs ?? rooms.queryMs;
    this.#route = route;
    this.#part = partOf(route.placement);
    this.#store = rooms.credentials;
    this.#place = { part: this.#part };
  }

  /** Where, and as whom: to be asked only where {@link isLocated}. */
  get place(): PlaceOptions {
    return this.#place;
  }

  /** Whether it is known as whom to connect. */
  get isLocated(): boolean {
    return this.#store === undefined || this.#known !== undefined;
  }

  /** Finds out as whom to connect. Throws CredentialsError, or what the limit's end means. */
  async locate(limit: Limit): Promise<void> {
    if (this.#store !== undefined) this.#use(await this.#store.get(this.#route, limit));
  }

  /** Asks again as whom to connect, after a server refused it; whether there is another answer. Throws like {@link locate}. */
  async relocate(limit: Limit): Promise<boolean> {
    if (this.#store === undefined || this.#known === undefined) return false;
    const renewed = await this.#store.renew(this.#route, this.#known, limit);
    if (renewed !== undefined) this.#use(renewed);
    return renewed !== undefined;
  }

  certify(connection: EngineConnection): Promise<void> {
    return certify(connection, this.#route);
  }

  certifyNow(connection: EngineConnection): void {
    certifyNow(connection, this.#route);
  }

  #use(known: KnownCredentials): void {
    this.#known = known;
    this.#place = { part: this.#part, credentials: known.credentials };
  }
}

const targets = new WeakMap<Route, TenantTarget>();

/** The target of a route: one object for each, however many sessions it has. Throws what making one throws. */
export function targetOf(rooms: TargetRooms, route: Route): TenantTarget {
  let target = targets.get(route);
  if (target === undefined) {
    target = new TenantTarget(rooms, route);
    targets.set(route, target);
  }
  return target;
}
