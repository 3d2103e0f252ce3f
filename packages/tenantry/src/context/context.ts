import { AsyncLocalStorage } from 'node:async_hooks';
import { NoTenantError, TenantSwitchError } from '../errors.js';

/** What a bound function gives back: a value at once, anything that can be awaited as a promise. */
export type Bound<R> = R extends PromiseLike<unknown> ? Promise<Awaited<R>> : R;

/** The ambient tenant of the running async task. There is never a default one, nor the last one. */
export class TenantContext {
  readonly #storage = new AsyncLocalStorage<string>();

  /** The name of the tenant in context. Throws NoTenantError without one. */
  require(): string {
    const name = this.#storage.getStore();
    if (name !== undefined) return name;
    throw new NoTenantError('No tenant was named and none is in context.', {
      hint: 'Pass a name, session(name), or call it inside tenancy.run(name, fn).',
    });
  }

  /** Runs `fn` with a tenant in context; what it returns is awaited inside, so that a lazy query runs there too. */
  async run<T>(name: string, fn: () => T | PromiseLike<T>, mayChange: boolean): Promise<T> {
    const current = this.#storage.getStore();
    if (current !== undefined && current !== name && !mayChange) {
      throw new TenantSwitchError(
        `Tenant ${current} is in context; run was called for ${JSON.stringify(name)} inside it.`,
        {
          tenant: current,
          hint: 'If the change is meant, pass { switch: true }.',
        },
      );
    }
    return this.#storage.run(name, async () => await fn());
  }

  /** A function that runs with the tenant that is in context now. Throws NoTenantError without one. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Bound<R> {
    const name = this.require();
    return (...args) => this.#storage.run(name, () => begun(fn(...args)));
  }
}

/** What can be awaited is awaited now, so that a lazy query begins in the context of now. */
function begun<R>(value: R): Bound<R> {
  const isThenable =
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof Reflect.get(value, 'then') === 'function';
  return (isThenable ? Promise.resolve(value) : value) as Bound<R>;
}
