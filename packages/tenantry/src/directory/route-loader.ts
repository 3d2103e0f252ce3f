import { AbortedError, CatalogUnavailableError } from '../errors.js';
import { idIn } from './called.js';
import type { DirectoryEntry } from './entry.js';

/** Asks for these names and ids (see `called.ts`). Those that are missing from the answer may have changed since, and are asked for again. */
export type AskForRoutes = (
  names: readonly string[],
) => Promise<ReadonlyMap<string, DirectoryEntry | undefined>>;

interface Flight {
  readonly promise: Promise<DirectoryEntry | undefined>;
  resolve(entry: DirectoryEntry | undefined): void;
  reject(error: unknown): void;
  attempts: number;
}

/** Queries under way at once; names that come meanwhile wait and share the next one. */
const MAX_QUERIES = 2;
const NAMES_PER_QUERY = 500;
const MAX_ATTEMPTS = 10;

/** Loads routes: one query for each name however many ask, and one query for many names. */
export class RouteLoader {
  readonly #ask: AskForRoutes;
  readonly #flights = new Map<string, Flight>();
  readonly #waiting = new Set<string>();
  #queries = 0;
  #scheduled = false;

  constructor(ask: AskForRoutes) {
    this.#ask = ask;
  }

  /** The entry of a name, or undefined where there is no such tenant. `signal` only leaves the wait. */
  load(name: string, signal?: AbortSignal): Promise<DirectoryEntry | undefined> {
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      flight = newFlight();
      this.#flights.set(name, flight);
      this.#waiting.add(name);
      this.#schedule();
    }
    return signal === undefined ? flight.promise : unlessAborted(flight.promise, signal);
  }

  /** After the present tick, so that names that are asked for together travel together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#waiting.size > 0 && this.#queries < MAX_QUERIES) void this.#query();
    });
  }

  /** Never rejects: errors go to those who asked. */
  async #query(): Promise<void> {
    const names = [...this.#waiting].slice(0, NAMES_PER_QUERY);
    for (const name of names) this.#waiting.delete(name);
    this.#queries++;
    try {
      const landed = await this.#ask(names);
      for (const name of names) {
        if (landed.has(name)) this.#settle(name)?.resolve(landed.get(name));
        else this.#askAgain(name);
      }
    } catch (error) {
      for (const name of names) this.#settle(name)?.reject(error);
    }
    this.#queries--;
    if (this.#waiting.size > 0) this.#schedule();
  }

  #askAgain(name: string): void {
    const flight = this.#flights.get(name);
    if (flight === undefined) return;
    if (++flight.attempts < MAX_ATTEMPTS) {
      this.#waiting.add(name);
      return;
    }
    this.#settle(name)?.reject(
      new CatalogUnavailableError(
        `None of ${MAX_ATTEMPTS} answers about tenant ${idIn(name) ?? name} could be used: each came too late.`,
        {
          tenant: idIn(name) ?? name,
          hint: 'Try again. Something changes this tenant without pause, or this process is stopped again and again.',
        },
      ),
    );
  }

  #settle(name: string): Flight | undefined {
    const flight = this.#flights.get(name);
    this.#flights.delete(name);
    return flight;
  }
}

function newFlight(): Flight {
  const { promise, resolve, reject } = withResolvers<DirectoryEntry | undefined>();
  // Somebody who left early must not turn a failure into an unhandled one.
  promise.catch(() => {});
  return { promise, resolve, reject, attempts: 0 };
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = () =>
    aborted.reject(new AbortedError('The look-up of the tenant was aborted by the caller.'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
