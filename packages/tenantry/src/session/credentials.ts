import type { Credentials } from '../engine/place.js';
import { Secret } from '../engine/secret.js';
import { CredentialsError } from '../errors.js';
import { type CredentialsOf, checkCredentials } from '../options/per-tenant.js';
import type { Route } from '../tenant/tenant.js';
import type { Limit } from './limit.js';

/** What is known of a tenant; `credentials` is undefined where it has none of its own. */
export interface KnownCredentials {
  readonly epoch: number;
  readonly credentials: Credentials | undefined;
}

/** Credentials of tenants, as they were asked for: in memory only, each for one epoch, the longest unused give way. */
export class CredentialStore {
  readonly #ask: CredentialsOf;
  readonly #timeoutMs: number;
  readonly #maxKnown: number;
  readonly #known = new Map<string, KnownCredentials>();
  /** Those that are being asked for, by tenant and epoch. */
  readonly #asking = new Map<string, Promise<KnownCredentials>>();

  /** `timeoutMs` is for one question; `maxKnown` tenants are remembered. */
  constructor(ask: CredentialsOf, timeoutMs: number, maxKnown: number) {
    this.#ask = ask;
    this.#timeoutMs = timeoutMs;
    this.#maxKnown = maxKnown;
  }

  /**
   * The credentials for a route; callers at the same time share one question.
   *
   * @throws CredentialsError, or what the limit's end means.
   */
  async get(route: Route, limit: Limit): Promise<KnownCredentials> {
    limit.assertRunning();
    const known = this.#known.get(route.id);
    if (known?.epoch !== route.epoch) return within(limit, this.#share(route));
    // A Map keeps the order of insertion: what was used last goes to the end.
    this.#known.delete(route.id);
    this.#known.set(route.id, known);
    return known;
  }

  /** Asks again, because a server refused these; undefined if the answer is the same. Rejects like {@link get}. */
  async renew(route: Route, refused: KnownCredentials, limit: Limit): Promise<KnownCredentials | undefined> {
    if (this.#known.get(route.id) === refused) this.#known.delete(route.id);
    const renewed = await this.get(route, limit);
    return isSame(renewed.credentials, refused.credentials) ? undefined : renewed;
  }

  #share(route: Route): Promise<KnownCredentials> {
    const key = `${route.id} ${route.epoch}`;
    const asking = this.#asking.get(key) ?? this.#askFor(route).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #askFor(route: Route): Promise<KnownCredentials> {
    const given = checkCredentials(await this.#answer(route), route);
    const password = given?.password === undefined ? undefined : new Secret(given.password);
    const credentials = given && Object.freeze({ user: given.user, password });
    const known = Object.freeze({ epoch: route.epoch, credentials });
    this.#known.delete(route.id);
    this.#known.set(route.id, known);
    for (const longestUnused of this.#known.keys()) {
      if (this.#known.size <= this.#maxKnown) break;
      this.#known.delete(longestUnused);
    }
    return known;
  }

  /** What the application says, in its time. */
  #answer(route: Route): Promise<unknown> {
    const controller = new AbortController();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(failed(route, `did not answer within ${this.#timeoutMs} ms`));
        controller.abort();
      }, this.#timeoutMs);
      const fail = (cause: unknown) => reject(failed(route, 'failed; the cause has the error', cause));
      // In a function of its own, so that what it throws at once is a rejection too.
      const asked = (async () => this.#ask(route, { signal: controller.signal }))();
      void asked.then(resolve, fail).finally(() => clearTimeout(timer));
    });
  }
}

function failed(route: Route, what: string, cause?: unknown): CredentialsError {
  return new CredentialsError(`The option credentials ${what}, asked for the tenant ${route.name}.`, {
    cause,
    tenant: route.name,
    hint: 'Check where the credentials are kept; nothing was sent to the tenant’s server.',
  });
}

function isSame(one: Credentials | undefined, other: Credentials | undefined): boolean {
  return one?.user === other?.user && one?.password?.reveal() === other?.password?.reveal();
}

/** Waits for what others may wait for too, no longer than the limit. */
function within<T>(limit: Limit, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = limit.onEnd(reject);
    work.then(resolve, reject).finally(stop);
  });
}
