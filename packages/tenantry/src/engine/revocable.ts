import { LeaseEndedError } from '../errors.js';

/** A stand-in for an object of a driver, until it is revoked. */
export interface Revocable<T extends object> {
  readonly standIn: T;
  /** From now on every use of the stand-in throws `LeaseEndedError`, or the reason that is given. Idempotent. */
  revoke(reason?: Error): void;
}

/** What else a stand-in keeps to. */
export interface RevocableRules {
  /** What replaces a member; undefined where nothing does. Asked until it gives a method. */
  replace?(key: PropertyKey): unknown;
  /** Told of each use of a member that is the object's own; may throw to refuse it. */
  onReach?(key: PropertyKey): void;
  /** Whether a use after the end is let through for once. */
  isExempt?(key: PropertyKey): boolean;
  /** Whether a method ends the use. After the end it does nothing but call back, unless it was set on the stand-in. */
  isEnd?(key: PropertyKey): boolean;
}

/**
 * A stand-in that does what the object does until it is revoked. Methods run on the object itself,
 * so that its private parts and its own writes work, and `instanceof` holds. `own` replaces members,
 * for example methods whose results must be revoked as well. What is set on the stand-in stays on
 * it and ends with it, so that nobody else finds it.
 *
 * It shows nothing of the object to whoever prints it, before its end and after: what inspects a proxy looks past
 * its traps, at credentials and at whatever the object serves by then. So what it stands on is an empty object.
 */
export function revocable<T extends object>(
  target: T,
  own: Partial<T> = NOTHING,
  rules: RevocableRules = NOTHING,
): Revocable<T> {
  return new StandIn(target, own, rules);
}

const NOTHING = Object.freeze({});

/** Of the same class, with nothing in it. A function stays one, so that it can be called. */
function emptyLike<T extends object>(target: T): T {
  if (typeof target === 'function') return target;
  return Object.create(Object.getPrototypeOf(target) as object) as T;
}

type Method = (...args: unknown[]) => unknown;

function onlyCallBack(...args: unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback === 'function') process.nextTick(callback as Method);
}

/** The traps are methods, because one of these is made for each lease: it has nothing that is not used. */
class StandIn<T extends object> implements Revocable<T>, ProxyHandler<T> {
  readonly standIn: T;
  readonly #target: T;
  readonly #own: Partial<T>;
  readonly #rules: RevocableRules;
  /** Of what a method is made; undefined if it replaces the object's own. */
  #methods: Map<PropertyKey, { readonly of: unknown; readonly call: Method }> | undefined;
  #set: Record<PropertyKey, unknown> | undefined;
  #ended = false;
  #reason: Error | undefined;
  readonly revoke = (reason?: Error): void => {
    if (!this.#ended) this.#reason = reason;
    this.#ended = true;
    this.#methods = undefined;
  };

  constructor(target: T, own: Partial<T>, rules: RevocableRules) {
    this.#target = target;
    this.#own = own;
    this.#rules = rules;
    this.standIn = new Proxy(emptyLike(target), this);
  }

  has(_target: T, key: PropertyKey): boolean {
    if (this.#ended) return false;
    return Reflect.has(this.#target, key) || (this.#set !== undefined && Object.hasOwn(this.#set, key));
  }

  get(_target: T, key: PropertyKey): unknown {
    // Whoever writes a log prints what it has, and is not to fail of it.
    if (key === 'toJSON' && this.#ended) return undefined;
    if (this.#isOver(key))
      return this.#set !== undefined && Object.hasOwn(this.#set, key) ? this.#set[key] : onlyCallBack;
    this.#assertRunning(key);
    if (this.#set !== undefined && Object.hasOwn(this.#set, key)) return this.#set[key];
    const known = this.#methods?.get(key);
    if (known !== undefined && known.of === undefined) return known.call;
    const replacement = this.#rules.replace?.(key);
    if (replacement !== undefined) return this.#member(key, replacement, undefined);
    const value = this.#ownMember(key);
    return known?.of === value && known !== undefined ? known.call : this.#member(key, value, value);
  }

  set(_target: T, key: PropertyKey, value: unknown): boolean {
    this.#assertRunning(key);
    this.#set ??= Object.create(null) as Record<PropertyKey, unknown>;
    this.#set[key] = value;
    return true;
  }

  defineProperty(target: T, key: PropertyKey, { value }: PropertyDescriptor): boolean {
    return this.set(target, key, value);
  }

  deleteProperty(_target: T, key: PropertyKey): boolean {
    this.#assertRunning(key);
    if (this.#set !== undefined) delete this.#set[key];
    return true;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }

  #ownMember(key: PropertyKey): unknown {
    if (Object.hasOwn(this.#own, key)) return Reflect.get(this.#own, key);
    const value: unknown = Reflect.get(this.#target, key, this.#target);
    if (value !== undefined) this.#rules.onReach?.(key);
    return value;
  }

  #member(key: PropertyKey, value: unknown, of: unknown): unknown {
    // A constructor is asked for its name, and is nobody's method.
    if (typeof value !== 'function' || key === 'constructor') return value;
    const target = this.#target;
    const call: Method = (...args) => {
      if (this.#isOver(key)) return onlyCallBack(...args);
      this.#assertRunning(key);
      const result: unknown = Reflect.apply(value, target, args);
      return result === target ? this.standIn : result;
    };
    this.#methods ??= new Map();
    this.#methods.set(key, { of, call });
    return call;
  }

  /** Whether this ends what has ended. By then the object may be in somebody else's hands. */
  #isOver(key: PropertyKey): boolean {
    return this.#ended && this.#rules.isEnd?.(key) === true;
  }

  #assertRunning(key: PropertyKey): void {
    if (!this.#ended || this.#rules.isExempt?.(key)) return;
    if (this.#reason !== undefined) throw this.#reason;
    throw new LeaseEndedError(
      'This client was given back, and its connection may serve another tenant now.',
      {
        hint: 'Ask for a client for each piece of work, and use it only until you release it.',
      },
    );
  }
}
