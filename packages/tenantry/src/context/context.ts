import { AsyncLocalStorage } from 'node:async_hooks';
import { NoTenantError } from '../errors.js';
import { bindIterator } from './bound-iterator.js';

/** What a bound function gives back: a value at once, anything that can be awaited as a promise. */
export type Bound<R> = R extends PromiseLike<unknown> ? Promise<Awaited<R>> : R;

/** The tenant in context: what `tenancy.run` found when it began, so that all that one run does is one tenant's. */
export interface CurrentTenant {
  readonly id: string;
  readonly name: string;
  /** Where it grows, the tenant's sessions end, those of the run as well. */
  readonly epoch: number;
}

/** The tenant of one run. */
export interface Scope extends CurrentTenant {
  /** Whether it is there as the template, which is reached in no other way. */
  readonly isTemplate: boolean;
  /** Ends the statements of the run. */
  readonly signal: AbortSignal | undefined;
  /** The run inside of which it goes on with the same tenant. */
  readonly origin: object | undefined;
}

/** The ambient tenant of the running async task. There is never a default one, nor the last one. */
export class TenantContext {
  readonly #storage = new AsyncLocalStorage<Scope>();
  /** One promise and no more, because every call of an application comes by here. */
  readonly #awaited = async <T>(fn: () => T | PromiseLike<T>): Promise<T> => this.#bound(await fn());

  get current(): Scope | undefined {
    return this.#storage.getStore();
  }

  /** What is in context now, the same object for all that one run does. */
  get scope(): object | undefined {
    const scope = this.#storage.getStore();
    return scope?.origin ?? scope;
  }

  /** The tenant in context. Throws NoTenantError without one. */
  require(): Scope {
    const scope = this.#storage.getStore();
    if (scope !== undefined) return scope;
    throw new NoTenantError('No tenant was named and none is in context.', {
      hint: 'Name one, session(name), or call it inside tenancy.run(name, fn).',
    });
  }

  /** Runs `fn` in this scope; what it returns is awaited inside, so that a lazy query runs there too; an iterator is read there. */
  enter<T>(scope: Scope, fn: () => T | PromiseLike<T>): Promise<T> {
    return this.#storage.run(scope, this.#awaited, fn);
  }

  /** A function that runs with the tenant that is in context now. Throws NoTenantError without one. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Bound<R> {
    const scope = this.require();
    return (...args) => this.#storage.run(scope, () => this.#begun(fn(...args)));
  }

  /** What can be awaited is awaited now, so that a lazy query begins in the context of now. */
  #begun<R>(value: R): Bound<R> {
    return (isThenable(value) ? this.#awaited(() => value) : this.#bound(value)) as Bound<R>;
  }

  #bound<T>(value: T): T {
    const scope = this.#storage.getStore();
    if (typeof value !== 'object' || scope === undefined) return value;
    return bindIterator(value, (step) => this.#storage.run(scope, step));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof Reflect.get(value, 'then') === 'function';
}
