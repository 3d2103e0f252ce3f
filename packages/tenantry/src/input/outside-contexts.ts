import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';

/**
 * Made when this library is loaded: before any tenancy, and so outside of every tenant's context. What the application
 * itself keeps in an AsyncLocalStorage is as it was then: whoever loads this library in the middle of a request
 * gives that request's to all that is called here.
 */
const outside = new AsyncResource('tenantry.outside');

/**
 * Calls a function of the application outside of every tenant's context. For whatever is called back about a tenant:
 * whoever happens to cause that may be another one's request.
 */
export function callOutside<Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  return outside.runInAsyncScope(fn, undefined, ...args);
}

/**
 * Emits an event of a pool to listeners outside of every tenant's context: what they are told of may be another tenant's
 * than the caller's.
 */
export function emitOutside(emitter: EventEmitter, event: string | symbol, args: unknown[]): boolean {
  const { emit } = EventEmitter.prototype;
  if (emitter.listenerCount(event) === 0) return emit.call(emitter, event, ...args);
  return callOutside(() => emit.call(emitter, event, ...args));
}
