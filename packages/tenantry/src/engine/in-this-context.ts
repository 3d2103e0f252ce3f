import { AsyncResource } from 'node:async_hooks';

/**
 * A function that runs in the async context in which this is called. `AsyncResource.bind` makes the same;
 * Node 20 gives each function that it makes a deprecated property, which takes it a hundred times as long.
 *
 * @example
 * ```ts
 * socket.once('data', inThisContext(callback))
 * ```
 */
export function inThisContext<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  const context = new AsyncResource('tenantry.callback');
  return function (...args) {
    return context.runInAsyncScope(fn, this, ...args);
  };
}
