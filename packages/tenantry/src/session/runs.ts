import type { Scope, TenantContext } from '../context/context.js';
import type { RouteSource } from '../directory/route-source.js';
import { AbortedError, TenantSwitchError } from '../errors.js';
import { assertFlag, assertFunction, assertSignal, eitherSignal } from '../input/call-options.js';
import { assertKnownKeys } from '../input/known-keys.js';
import { quoteForMessage } from '../tenant/name.js';
import { isNamedBy, keyOf, shownLabelOf, type TenantKey, type TenantRef } from '../tenant/ref.js';
import { assertServable } from '../tenant/status.js';
import type { Route } from '../tenant/tenant.js';

/** How `tenancy.run` runs. */
export interface RunOptions {
  /** Allow another tenant than the one in context. Default false. */
  readonly switch?: boolean | undefined;
  /**
   * Ends the run's statements, as the `signal` of each of them would: those under way are cancelled at the server,
   * and no other begins. Pass a request's, so that nothing runs on for a client that has left.
   */
  readonly signal?: AbortSignal | undefined;
}

type Work<T> = () => T | PromiseLike<T>;

/**
 * Puts tenants into context. The tenant is found before the work begins, so that one who is unknown, suspended or
 * not the one that was meant is refused before anything happens in its name, and all that one run does is the
 * same tenant's. A route in memory costs neither a wait nor a promise more.
 */
export class Runs {
  readonly #context: TenantContext;
  readonly #directory: RouteSource;

  constructor(context: TenantContext, directory: RouteSource) {
    this.#context = context;
    this.#directory = directory;
  }

  run<T>(ref: TenantRef, fn: Work<T>, options?: RunOptions, isTemplate = false): Promise<T> {
    try {
      const key = keyOf(ref);
      assertFunction('run', fn);
      const signal = options === undefined ? undefined : checkedSignal(options);
      if (signal?.aborted) throw aborted(key, signal);
      const current = this.#context.current;
      if (current !== undefined && isNamedBy(current, key) && current.isTemplate >= isTemplate) {
        return this.#context.enter(signal === undefined ? current : within(current, signal), fn);
      }
      if (current !== undefined && !isNamedBy(current, key) && options?.switch !== true) {
        throw switchError(current, key);
      }
      const both = eitherSignal(current?.signal, signal);
      const entry = this.#directory.peek(key);
      if (entry === undefined) return this.#find(key, fn, both, isTemplate);
      return this.#context.enter(scopeOf(entry.route, both, isTemplate), fn);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #find<T>(
    key: TenantKey,
    fn: Work<T>,
    signal: AbortSignal | undefined,
    isTemplate: boolean,
  ): Promise<T> {
    const { route } = await this.#directory.resolve(key, signal);
    return this.#context.enter(scopeOf(route, signal, isTemplate), fn);
  }
}

/** @throws UnknownTenantError, TenantSuspendedError or TenantNotReadyError */
function scopeOf(route: Route, signal: AbortSignal | undefined, isTemplate: boolean): Scope {
  assertServable(route);
  const { id, name, epoch } = route;
  return Object.freeze({ id, name, epoch, isTemplate, signal, origin: undefined });
}

/** The same tenant's run, with another end. */
function within(scope: Scope, signal: AbortSignal): Scope {
  return Object.freeze({
    ...scope,
    signal: eitherSignal(scope.signal, signal),
    origin: scope.origin ?? scope,
  });
}

function checkedSignal(options: RunOptions): AbortSignal | undefined {
  assertKnownKeys('run', options, ['switch', 'signal']);
  assertFlag('run', 'switch', options.switch);
  assertSignal('run', options.signal);
  return options.signal;
}

function aborted(key: TenantKey, signal: AbortSignal): AbortedError {
  return new AbortedError(`The run for ${shownLabelOf(key)} was aborted before it began.`, {
    tenant: shownLabelOf(key),
    cause: signal.reason,
  });
}

function switchError(current: Scope, key: TenantKey): TenantSwitchError {
  const other =
    key.name === current.name ? 'another tenant of this name' : quoteForMessage(shownLabelOf(key));
  return new TenantSwitchError(
    `Tenant ${current.name} is in context; run was called for ${other} inside it.`,
    {
      tenant: current.name,
      hint: 'If the change is meant, pass { switch: true }.',
    },
  );
}
