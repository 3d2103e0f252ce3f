import { LeaseEndedError } from '../errors.js';

/** A stand-in for an object of a driver, until it is revoked. */
export interface Revocable<T extends object> {
  readonly standIn: T;
  /** From now on every use of the stand-in throws `LeaseEndedError`. Idempotent. */
  revoke(): void;
}

/** What else a stand-in keeps to. */
export interface RevocableRules {
  /** Told of each use of a member that is the object's own; may throw to refuse it. */
  readonly onReach?: (key: PropertyKey) => void;
  /** Whether a use after the end is let through for once. */
  readonly isExempt?: (key: PropertyKey) => boolean;
}

/**
 * A stand-in that does what the object does until it is revoked. Methods run on the object itself,
 * so that its private parts and its own writes work, and `instanceof` holds. `own` replaces members,
 * for example methods whose results must be revoked as well. What is set on the stand-in stays on
 * it and ends with it, so that nobody else finds it.
 */
export function revocable<T extends object>(
  target: T,
  own: Partial<T> = {},
  { onReach, isExempt }: RevocableRules = {},
): Revocable<T> {
  const bound = new Map<PropertyKey, { readonly of: unknown; readonly call: unknown }>();
  let set: Record<PropertyKey, unknown> | undefined;
  let ended = false;
  const assertRunning = (key: PropertyKey) => {
    if (ended && !isExempt?.(key)) {
      throw new LeaseEndedError(
        'This client was given back, and its connection may serve another tenant now.',
        {
          hint: 'Ask for a client for each piece of work, and use it only until you release it.',
        },
      );
    }
  };
  const memberOf = (key: PropertyKey): unknown => {
    if (Object.hasOwn(own, key)) return Reflect.get(own, key);
    const value: unknown = Reflect.get(target, key, target);
    if (value !== undefined) onReach?.(key);
    return value;
  };
  const standIn = new Proxy(target, {
    get(_, key) {
      assertRunning(key);
      if (set !== undefined && Object.hasOwn(set, key)) return set[key];
      const value = memberOf(key);
      // A constructor is asked for its name, and is nobody's method.
      if (typeof value !== 'function' || key === 'constructor') return value;
      const known = bound.get(key);
      if (known?.of === value) return known.call;
      const call = (...args: unknown[]): unknown => {
        assertRunning(key);
        const result: unknown = Reflect.apply(value, target, args);
        return result === target ? standIn : result;
      };
      bound.set(key, { of: value, call });
      return call;
    },
    set(_, key, value) {
      assertRunning(key);
      set ??= Object.create(null) as Record<PropertyKey, unknown>;
      set[key] = value;
      return true;
    },
    defineProperty(_, key, { value }) {
      assertRunning(key);
      set ??= Object.create(null) as Record<PropertyKey, unknown>;
      set[key] = value;
      return true;
    },
    deleteProperty(_, key) {
      assertRunning(key);
      if (set !== undefined) delete set[key];
      return true;
    },
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });
  return {
    standIn,
    revoke: () => {
      ended = true;
      bound.clear();
    },
  };
}
