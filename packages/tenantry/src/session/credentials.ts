import { setMaxListeners } from 'node:events';
import type { Credentials } from '../engine/place.js';
import { Secret } from '../engine/secret.js';
import { ClosedError, CredentialsError } from '../errors.js';
import { type CredentialsOf, checkCredentials } from '../options/per-tenant.js';
import type { Route } from '../tenant/tenant.js';
import type { Limit } from './limit.js';

/** What is known of a tenant; `credentials` is undefined where it has none of its own. */
export interface KnownCredentials {
  readonly epoch: number;
  readonly credentials: Credentials | undefined;
}

/** What is remembered of a tenant. */
interface Remembered extends KnownCredentials {
  /** How often the same was answered after a server had refused it. */
  readonly refusals: number;
  /** Until when, by the clock, nobody is asked again. */
  readonly holdsUntil: number;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 16_000;

/** Credentials of tenants, as they were asked for: in memory only, each for one epoch, the longest unused give way. */
export class CredentialStore {
  readonly #ask: CredentialsOf;
  readonly #timeoutMs: number;
  readonly #maxKnown: number;
  readonly #now: () => number;
  readonly #known = new Map<string, Remembered>();
  readonly #ending = new AbortController();
  /** Those that are being asked for, by tenant and epoch. */
  readonly #asking = new Map<string, Promise<KnownCredentials>>();

  /** `timeoutMs` is for one question; `maxKnown` tenants are remembered. */
  constructor(
    ask: CredentialsOf,
    timeoutMs: number,
    maxKnown: number,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#ask = ask;
    this.#timeoutMs = timeoutMs;
    this.#maxKnown = maxKnown;
    // As many listeners as questions.
    setMaxListeners(0, this.#ending.signal);
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

  /**
   * Asks again, because a server refused these: at once, and where the answer is the same, after a pause that doubles.
   * Undefined if there are no others. Rejects like {@link get}.
   */
  async renew(route: Route, refused: KnownCredentials, limit: Limit): Promise<KnownCredentials | undefined> {
    limit.assertRunning();
    const known = this.#known.get(route.id);
    if (known?.epoch === route.epoch) {
      if (!isSame(known.credentials, refused.credentials)) return known;
      if (this.#now() < known.holdsUntil) return undefined;
    }
    const renewed = await within(limit, this.#share(route));
    return isSame(renewed.credentials, refused.credentials) ? undefined : renewed;
  }

  /** Nobody waits for answers any more, and none is asked for. */
  end(): void {
    this.#ending.abort();
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
    const before = this.#known.get(route.id);
    // Whoever asks though it is known was refused.
    const isRepeated = before?.epoch === route.epoch && isSame(before.credentials, credentials);
    const refusals = isRepeated ? before.refusals + 1 : 0;
    const pauseMs = refusals === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (refusals - 1));
    const known = { epoch: route.epoch, credentials, refusals, holdsUntil: this.#now() + pauseMs };
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
    const ending = this.#ending.signal;
    if (ending.aborted) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const giveUp = (error: Error) => {
        reject(error);
        controller.abort();
      };
      const end = () => giveUp(closed());
      const timer = setTimeout(() => {
        giveUp(failed(route, `did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      ending.addEventListener('abort', end, { once: true });
      const fail = (cause: unknown) => reject(failed(route, 'failed; the cause has the error', cause));
      // In a function of its own, so that what it throws at once is a rejection too.
      const asked = (async () => this.#ask(route, { signal: controller.signal }))();
      void asked.then(resolve, fail).finally(() => {
        clearTimeout(timer);
        ending.removeEventListener('abort', end);
      });
    });
  }
}

function closed(): ClosedError {
  return new ClosedError('The tenancy was closed while credentials were asked for.', {
    hint: 'Make no calls after close().',
  });
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
