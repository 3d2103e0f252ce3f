import { LeaseEndedError } from '../errors.js';

/** A stand-in for an object of a driver, until it is revoked. */
export interface Revocable<T extends object> {
  readonly standIn: T;
  /** From now on every use of the stand-in throws `LeaseEndedError`. Idempotent. */
  revoke(): void;
}

/**
 * A stand-in that does what the object does until it is revoked. Methods run on the object itself,
 * so that its private parts and its own writes work, and `instanceof` holds. `own` replaces members,
 * for example methods whose results must be revoked as well.
 */
export function revocable<T extends object>(target: T, own: Partial<T> = {}): Revocable<T> {
  const bound = new Map<PropertyKey, unknown>();
  let ended = false;
  const assertRunning = () => {
    if (ended) {
      throw new LeaseEndedError(
        'This client was given back, and its connection may serve another tenant now.',
        {
          hint: 'Ask for a client for each piece of work, and use it only until you release it.',
        },
      );
    }
  };
  const standIn = new Proxy(target, {
    get(_, key) {
      assertRunning();
      if (Object.hasOwn(own, key)) return Reflect.get(own, key);
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const known = bound.get(key) as { of: unknown; call: unknown } | undefined;
      if (known?.of === value) return known.call;
      const call = (...args: unknown[]): unknown => {
        assertRunning();
        const result: unknown = Reflect.apply(value, target, args);
        return result === target ? standIn : result;
      };
      bound.set(key, { of: value, call });
      return call;
    },
    set(_, key, value) {
      assertRunning();
      return Reflect.set(target, key, value, target);
    },
  });
  return {
    standIn,
    revoke: () => {
      ended = true;
      bound.clear();
    },
  };
}
