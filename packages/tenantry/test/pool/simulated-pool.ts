import { FairQueue } from '../../src/pool/fair-queue.js';
import type { FairQueueOptions, TenantLimits } from '../../src/pool/fair-queue-options.js';

/** One caller: whose it is, when it came, how long it will hold its connection. */
export interface Caller {
  readonly key: string;
  readonly holdMs: number;
  readonly cameAt: number;
  startedAt?: number;
  /** Called with the time at which its connection came back. */
  readonly done?: (() => void) | undefined;
}

/** The queue's rules, and whose callers bring which limits. */
export interface SimulationOptions extends FairQueueOptions {
  readonly limitsOf?: (key: string) => TenantLimits | undefined;
}

/** A fair queue before a number of connections, on a clock that moves only when something happens. */
export class SimulatedPool {
  readonly queue: FairQueue<Caller>;
  readonly served: Caller[] = [];
  now = 0;
  /** Called after every change. */
  afterEach: () => void = () => undefined;
  readonly #connections: number;
  readonly #limitsOf: (key: string) => TenantLimits | undefined;
  readonly #holders: { readonly caller: Caller; readonly endsAt: number }[] = [];
  readonly #arrivals: { readonly at: number; readonly come: () => void }[] = [];

  constructor(connections: number, { limitsOf = () => undefined, ...options }: SimulationOptions = {}) {
    this.#connections = connections;
    this.#limitsOf = limitsOf;
    this.queue = new FairQueue(options);
  }

  get inUse(): number {
    return this.#holders.length;
  }

  inUseOf(key: string): number {
    return this.#holders.filter(({ caller }) => caller.key === key).length;
  }

  /** A caller comes now: it starts at once where it may, else it waits. */
  come(key: string, holdMs: number, done?: () => void): void {
    const caller: Caller = { key, holdMs, cameAt: this.now, done };
    const limits = this.#limitsOf(key);
    if (this.inUse < this.#connections && this.queue.tryStart(key, limits)) this.#start(caller);
    else this.queue.push(key, caller, limits);
    this.#serve();
    this.afterEach();
  }

  /** Something happens later. */
  at(time: number, come: () => void): void {
    this.#arrivals.push({ at: time, come });
  }

  /** A worker of this tenant asks again whenever it was served; `holdMs` says for how long. */
  keepAsking(key: string, holdMs: () => number): void {
    const ask = () => this.come(key, holdMs(), ask);
    ask();
  }

  /** Lets the clock run to this time. */
  runUntil(time: number): void {
    for (;;) {
      const arrival = earliest(this.#arrivals, ({ at }) => at);
      const holder = earliest(this.#holders, ({ endsAt }) => endsAt);
      const arrives = arrival !== undefined && arrival.at <= (holder?.endsAt ?? Number.POSITIVE_INFINITY);
      const next = arrives ? arrival.at : holder?.endsAt;
      if (next === undefined || next > time) break;
      this.now = Math.max(this.now, next);
      if (arrives) take(this.#arrivals, arrival).come();
      else if (holder !== undefined) this.#end(take(this.#holders, holder).caller);
    }
    this.now = time;
  }

  #end(caller: Caller): void {
    this.queue.ended(caller.key, caller.holdMs);
    const next = this.queue.nextFor(caller.key);
    if (next !== undefined) this.#start(next);
    this.#serve();
    this.afterEach();
    caller.done?.();
  }

  #serve(): void {
    while (this.inUse < this.#connections) {
      const caller = this.queue.next();
      if (caller === undefined) return;
      this.#start(caller);
    }
  }

  #start(caller: Caller): void {
    caller.startedAt = this.now;
    this.served.push(caller);
    this.#holders.push({ caller, endsAt: this.now + caller.holdMs });
  }

  /** How long a served caller waited; the time until now for one that still waits. */
  waited(caller: Caller): number {
    return (caller.startedAt ?? this.now) - caller.cameAt;
  }

  /** Connection time that a tenant's callers had, by those that were served. */
  usedBy(key: string): number {
    return this.served.reduce((sum, caller) => sum + (caller.key === key ? caller.holdMs : 0), 0);
  }
}

function earliest<T>(items: readonly T[], timeOf: (item: T) => number): T | undefined {
  let first: T | undefined;
  for (const item of items) if (first === undefined || timeOf(item) < timeOf(first)) first = item;
  return first;
}

function take<T>(items: T[], item: T): T {
  items.splice(items.indexOf(item), 1);
  return item;
}
