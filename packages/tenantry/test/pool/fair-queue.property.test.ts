import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/pool/fair-queue.js';
import type { TenantLimits } from '../../src/pool/fair-queue-options.js';
import type { Ticket } from '../../src/pool/tenant-turns.js';
import { type Caller, SimulatedPool } from './simulated-pool.js';

const tenantKeys = ['a', 'b', 'c', 'd', 'e'];
const tenantKey = fc.constantFrom(...tenantKeys);
/** From a tenth of a turn to ten of them. */
const holdMs = fc.constantFrom(1, 3, 10, 30, 100);

/** What a caller of the queue may do, in any order. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('push' as const), key: tenantKey }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('next' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('end' as const),
      which: fc.nat(),
      holdMs,
      goesOn: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('go on' as const), key: tenantKey }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('put back' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('start' as const), key: tenantKey }) },
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

describe('under any interleaving', () => {
  it('nobody is lost, served twice or out of order, limits are kept, and a turn is free whenever it may be', () => {
    const limits = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 300 }), (maxInUse, steps) => {
        const books = new Books(maxInUse);
        for (const one of steps) {
          books.take(one);
          books.check();
        }
        books.finish();
      }),
      { numRuns: 500 },
    );
  });
});

/** What must be true of a queue, kept in the simplest way beside it. */
class Books {
  readonly queue: FairQueue<string>;
  readonly #lines = new Map<string, Ticket<string>[]>(tenantKeys.map((key) => [key, []]));
  readonly #inUse: string[] = [];
  readonly #limitOf: (key: string) => number;
  #pushed = 0;

  constructor(maxInUse: readonly number[]) {
    this.#limitOf = (key) => maxInUse[tenantKeys.indexOf(key)] ?? 1;
    this.queue = new FairQueue({ maxDebtMs: 50, remembered: 0 });
  }

  take(one: Step): void {
    if (one.does === 'push') {
      const ticket = this.queue.push(one.key, `${one.key}${this.#pushed++}`, this.#limits(one.key));
      this.#line(one.key).push(ticket);
    } else if (one.does === 'remove') this.#remove(one.which);
    else if (one.does === 'next') this.#next();
    else if (one.does === 'put back') this.#putBack();
    else if (one.does === 'start') this.#start(one.key);
    else if (one.does === 'go on') this.#goOn(one.key);
    else this.#end(one.which, one.holdMs, one.goesOn);
  }

  check(): void {
    const waiting = [...this.queue].map(({ waiter }) => waiter);
    const expected = tenantKeys.flatMap((key) => this.#line(key).map(({ waiter }) => waiter));
    expect(waiting.sort()).toEqual(expected.sort());
    expect(this.queue.size).toBe(expected.length);
    for (const key of tenantKeys) {
      expect(this.queue.waitingOf(key)).toBe(this.#line(key).length);
      expect(this.queue.loadOf(key)?.inUse ?? 0).toBe(this.#uses(key));
      expect(this.#uses(key)).toBeLessThanOrEqual(this.#limitOf(key));
    }
  }

  /** Everybody is served, and nothing stays behind. */
  finish(): void {
    for (let turns = 0; this.queue.size > 0 || this.#inUse.length > 0; turns++) {
      expect(turns).toBeLessThan(1000);
      while (this.#next());
      this.#end(0, 1, false);
      this.check();
    }
    for (let calm = 0; calm < 20; calm++) if (this.queue.tryStart('calm')) this.queue.ended('calm', 50);
    expect(this.queue.tenants).toBeLessThanOrEqual(1);
  }

  #next(): boolean {
    const seen = this.queue.peek();
    const waiter = this.queue.next();
    expect(waiter).toBe(seen);
    expect(waiter !== undefined).toBe(this.#somebodyMayBeServed());
    if (waiter !== undefined) this.#served(waiter);
    return waiter !== undefined;
  }

  #putBack(): void {
    const waiter = this.queue.next();
    if (waiter === undefined) return;
    const key = waiter.slice(0, 1);
    this.#line(key)[0] = this.queue.putBack(key, waiter);
    expect(this.queue.peek()).toBe(waiter);
  }

  #served(waiter: string): void {
    const key = waiter.slice(0, 1);
    expect(this.#line(key).shift()?.waiter).toBe(waiter);
    this.#inUse.push(key);
  }

  #start(key: string): void {
    const may = !this.#somebodyMayBeServed() && this.#uses(key) < this.#limitOf(key);
    expect(this.queue.tryStart(key, this.#limits(key))).toBe(may);
    if (may) this.#inUse.push(key);
  }

  #end(which: number, heldMs: number, goesOn: boolean): void {
    if (this.#inUse.length === 0) return;
    const [key = ''] = this.#inUse.splice(which % this.#inUse.length, 1);
    this.queue.ended(key, heldMs);
    if (goesOn) this.#goOn(key);
  }

  #goOn(key: string): void {
    const waiter = this.queue.nextFor(key);
    if (waiter === undefined) return;
    expect(waiter.slice(0, 1)).toBe(key);
    this.#served(waiter);
  }

  #remove(which: number): void {
    const tickets = tenantKeys.flatMap((key) => this.#line(key));
    const ticket = tickets[which % tickets.length];
    if (ticket === undefined) return;
    expect(this.queue.remove(ticket)).toBe(true);
    expect(this.queue.remove(ticket)).toBe(false);
    const line = this.#line(ticket.waiter.slice(0, 1));
    line.splice(line.indexOf(ticket), 1);
  }

  #somebodyMayBeServed(): boolean {
    return tenantKeys.some((key) => this.#line(key).length > 0 && this.#uses(key) < this.#limitOf(key));
  }

  #limits(key: string): TenantLimits {
    return { weight: 1 + tenantKeys.indexOf(key) / 2, maxInUse: this.#limitOf(key) };
  }

  #uses(key: string): number {
    return this.#inUse.filter((user) => user === key).length;
  }

  #line(key: string): Ticket<string>[] {
    return this.#lines.get(key) ?? [];
  }
}

describe('on a simulated pool', () => {
  const busyTenant = fc.record({
    workers: fc.integer({ min: 1, max: 6 }),
    holds: fc.array(holdMs, { minLength: 1, maxLength: 4 }),
    maxInUse: fc.integer({ min: 1, max: 4 }),
  });

  it('nobody starves, whoever else keeps asking and however long they hold, and limits are kept', () => {
    const tenants = fc.array(busyTenant, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(tenants, fc.integer({ min: 1, max: 4 }), (busy, connections) => {
        const rules = { quantumMs: 10, maxDebtMs: 100 };
        const limitOf = (key: string) => busy[tenantKeys.indexOf(key)]?.maxInUse ?? 1;
        const pool = new SimulatedPool(connections, {
          ...rules,
          limitsOf: (key) => ({ weight: 1, maxInUse: limitOf(key) }),
        });
        let exceeded = 0;
        pool.afterEach = () => {
          for (const key of tenantKeys) if (pool.inUseOf(key) > limitOf(key)) exceeded++;
        };
        busy.forEach(({ workers, holds }, index) => {
          const next = inTurn(holds);
          for (let worker = 0; worker < workers; worker++) pool.keepAsking(tenantKeys[index] ?? '', next);
        });
        pool.runUntil(4000);
        expect(exceeded).toBe(0);
        const longest = Math.max(...busy.flatMap(({ holds }) => holds));
        const waits = [...pool.served, ...[...pool.queue].map(({ waiter }) => waiter)];
        const worst = waits.reduce((most, caller) => Math.max(most, pool.waited(caller)), 0);
        // Before a caller come five of its own tenant, and a debt; while those are paid every other
        // tenant has as much, and each connection may once be held for the longest time beyond that.
        const dueMs = rules.maxDebtMs + 6 * (longest + rules.quantumMs);
        expect(worst).toBeLessThanOrEqual(busy.length * dueMs + longest);
      }),
      { numRuns: 100 },
    );
  });

  it('shares follow the weights where all want more, though some hold 100 times as long', () => {
    const weight = fc.constantFrom(0.5, 1, 2, 4);
    const tenant = fc.record({ weight, holdMs: fc.constantFrom(2, 20, 200) });
    fc.assert(
      fc.property(tenant, tenant, tenant, fc.integer({ min: 1, max: 4 }), (a, b, c, connections) => {
        const busy = [a, b, c];
        const pool = new SimulatedPool(connections, {
          limitsOf: (key) => ({ weight: busy[tenantKeys.indexOf(key)]?.weight ?? 1, maxInUse: connections }),
        });
        busy.forEach((one, index) => {
          const key = tenantKeys[index] ?? '';
          for (let worker = 0; worker < 30; worker++) pool.keepAsking(key, () => one.holdMs);
        });
        pool.runUntil(40_000);
        const total = busy.reduce((sum, one) => sum + one.weight, 0);
        const used = busy.map((_, index) => pool.usedBy(tenantKeys[index] ?? ''));
        const usedTotal = used.reduce((sum, ms) => sum + ms, 0);
        busy.forEach((one, index) => {
          const share = (used[index] ?? 0) / usedTotal;
          expect(Math.abs(share - one.weight / total)).toBeLessThan(0.03);
        });
      }),
      { numRuns: 25 },
    );
  });

  it('callers of one tenant are served in the order in which they came', () => {
    const arrival = fc.record({ at: fc.integer({ min: 0, max: 500 }), key: tenantKey, holdMs });
    fc.assert(
      fc.property(
        fc.array(arrival, { maxLength: 120 }),
        fc.integer({ min: 1, max: 4 }),
        (arrivals, connections) => {
          const pool = new SimulatedPool(connections);
          const came = new Map<string, number[]>();
          for (const { at, key, holdMs } of [...arrivals].sort((one, other) => one.at - other.at)) {
            pool.at(at, () => pool.come(key, holdMs));
            came.set(key, [...(came.get(key) ?? []), at]);
          }
          pool.runUntil(1e6);
          for (const key of tenantKeys) {
            const served: Caller[] = pool.served.filter((caller) => caller.key === key);
            expect(served.map(({ cameAt }) => cameAt)).toEqual(came.get(key) ?? []);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** One of these after the other, for ever. */
function inTurn(values: readonly number[]): () => number {
  let calls = 0;
  return () => values[calls++ % values.length] ?? 1;
}
