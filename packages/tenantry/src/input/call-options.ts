import { InvalidOptionError } from '../errors.js';
import { assertKnownKeys } from './known-keys.js';

/** The longest time that anything may be given, in milliseconds: a day. */
const LONGEST_MS = 86_400_000;

/** What ends a call before it is done. */
export interface EndOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** The options of every call that takes no others. */
export const END_KEYS = ['signal', 'timeoutMs'] as const;

/**
 * Checks what ends a call, before anything is armed with it. Calls without options are not asked.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function assertEndOptions(what: string, options: EndOptions, known: readonly string[] = END_KEYS) {
  assertKnownKeys(what, options, known);
  assertSignal(what, options.signal);
  assertTimeout(what, options.timeoutMs);
}

/** What fires when the first of two does. */
export function eitherSignal(one: AbortSignal | undefined, other: AbortSignal | undefined) {
  if (one === undefined || other === undefined || one === other) return one ?? other;
  return AbortSignal.any([one, other]);
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for anything but an AbortSignal, its controller included. */
export function assertSignal(what: string, signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return;
  const isController = signal instanceof AbortController;
  throw new InvalidOptionError(`The option signal of ${what} is no AbortSignal.`, {
    hint: isController
      ? 'Pass controller.signal.'
      : 'Pass the signal of an AbortController, or leave it out.',
  });
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for anything but 1 to 86400000. */
export function assertTimeout(
  what: string,
  value: unknown,
  name = 'timeoutMs',
): asserts value is number | undefined {
  if (value === undefined) return;
  if (typeof value === 'number' && value >= 1 && value <= LONGEST_MS) return;
  const given = typeof value === 'number' ? String(value) : typeof value;
  throw new InvalidOptionError(`The option ${name} of ${what} must be a number from 1 to ${LONGEST_MS}.`, {
    hint: `It is ${given}; leave it out for the default.`,
  });
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for anything but true, false and undefined. */
export function assertFlag(what: string, name: string, value: unknown): asserts value is boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return;
  throw new InvalidOptionError(`The option ${name} of ${what} must be true or false.`, {
    hint: `It is a ${typeof value}; leave it out for the default.`,
  });
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for what cannot be called. */
export function assertFunction(what: string, fn: unknown): asserts fn is (...args: never[]) => unknown {
  if (typeof fn === 'function') return;
  throw new InvalidOptionError(
    `${what} needs a function, and was given ${fn === null ? 'null' : typeof fn}.`,
    {
      hint: 'Pass the work as a function: (...) => ...; what it returns is awaited.',
    },
  );
}
