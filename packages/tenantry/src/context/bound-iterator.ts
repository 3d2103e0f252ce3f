import { InvalidInputError } from '../errors.js';

const STEPS = ['next', 'return', 'throw'] as const;

/** Those whose steps are bound: handed out again, they stay whose they are, and their steps no longer. */
const bound = new WeakSet<object>();

/**
 * Has each step of an iterator run by `enter`, the steps of generators above all: nothing of a generator's function has
 * run when it is handed out, and it would go on in the context of whoever reads it. Anything else is given back as it is.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) for one that cannot be changed
 */
export function bindIterator<T>(value: T, enter: <R>(step: () => R) => R): T {
  if (!isIterator(value) || bound.has(value)) return value;
  for (const name of STEPS) {
    const step: unknown = Reflect.get(value, name);
    if (typeof step !== 'function') continue;
    const inContext = (...args: unknown[]) => enter(() => Reflect.apply(step, value, args));
    if (Reflect.defineProperty(value, name, { value: inContext, writable: true, configurable: true }))
      continue;
    throw new InvalidInputError('An iterator that is frozen cannot be bound to its tenant.', {
      hint: 'Read it inside of tenancy.run, or hand it out unfrozen.',
    });
  }
  bound.add(value);
  return value;
}

function isIterator(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    if (typeof Reflect.get(value, 'next') !== 'function') return false;
    return Symbol.asyncIterator in value || Symbol.iterator in value;
  } catch {
    // Whatever refuses to be looked at: a client that was given back.
    return false;
  }
}
