import { AsyncLocalStorage } from 'node:async_hooks';
import { NoTenantError, TenantSwitchError } from '../errors.js';

/** What a bound function gives back: a value at once, anything that can be awaited as a promise. */
export type Bound<R> = R extends PromiseLike<unknown> ? Promise<Awaited<R>> : R;

/** The tenant of one run. */
interface Scope {
  readonly name: string;
  /** Whether it is there as the template, which is reached in no other way. */
  readonly isTemplate: boolean;
}

/** The ambient tenant of the running async task. There is never a default one, nor the last one. */
export class TenantContext {
  readonly #storage = new AsyncLocalStorage<Scope>();

  /** What is in context now, the same object for all that one {@link run} does. */
  get scope(): object | undefined {
    return this.#storage.getStore();
  }

  /** Whether the template is in context as such. */
  get isTemplate(): boolean {
    return this.#storage.getStore()?.isTemplate === true;
  }

  /** The name of the tenant in context. Throws NoTenantError without one. */
  require(): string {
    const scope = this.#storage.getStore();
    if (scope !== undefined) return scope.name;
    throw new NoTenantError('No tenant was named and none is in context.', {
      hint: 'Pass a name, session(name), or call it inside tenancy.run(name, fn).',
    });
  }

  /**
   * Runs `fn` with a tenant in context; what it returns is awaited inside, so that a lazy query runs there too.
   * Rejects with TenantSwitchError inside of another one.
   */
  run<T>(
    name: string,
    fn: () => T | PromiseLike<T>,
    {
      mayChange = false,
      isTemplate = false,
    }: { readonly mayChange?: boolean; readonly isTemplate?: boolean } = {},
  ): Promise<T> {
    const current = this.#storage.getStore();
    if (current !== undefined && current.name !== name && !mayChange) {
      return Promise.reject(
        new TenantSwitchError(
          `Tenant ${current.name} is in context; run was called for ${JSON.stringify(name)} inside it.`,
          {
            tenant: current.name,
            hint: 'If the change is meant, pass { switch: true }.',
          },
        ),
      );
    }
    const goesOn = current?.name === name && current.isTemplate >= isTemplate;
    const scope = goesOn ? current : Object.freeze({ name, isTemplate });
    return this.#storage.run(scope, awaited, fn);
  }

  /** A function that runs with the tenant that is in context now. Throws NoTenantError without one. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Bound<R> {
    this.require();
    const scope = this.#storage.getStore() as Scope;
    return (...args) => this.#storage.run(scope, () => begun(fn(...args)));
  }
}

/** One promise and no more, because every call of an application comes by here. */
async function awaited<T>(fn: () => T | PromiseLike<T>): Promise<T> {
  return await fn();
}

/** What can be awaited is awaited now, so that a lazy query begins in the context of now. */
function begun<R>(value: R): Bound<R> {
  const isThenable =
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof Reflect.get(value, 'then') === 'function';
  return (isThenable ? Promise.resolve(value) : value) as Bound<R>;
}
