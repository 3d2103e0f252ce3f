import { describe, expect, it } from 'vitest';
import { InternalError, InvalidOptionError } from '../../src/errors.js';
import { FairQueue } from '../../src/pool/fair-queue.js';
import type { FairQueueOptions, TenantLimits } from '../../src/pool/fair-queue-options.js';
import type { Ticket } from '../../src/pool/tenant-turns.js';
import { SimulatedPool } from './simulated-pool.js';

const QUANTUM = 10;

/** Whose callers bring which limits, where the test says nothing else. */
type LimitsOf = (key: string) => TenantLimits | undefined;

class QueueOfLimited extends FairQueue<string> {
  readonly #limitsOf: LimitsOf;

  constructor(limitsOf: LimitsOf, options: FairQueueOptions) {
    super(options);
    this.#limitsOf = limitsOf;
  }

  override push(key: string, waiter: string, limits = this.#limitsOf(key)): Ticket<string> {
    return super.push(key, waiter, limits);
  }

  override tryStart(key: string, limits = this.#limitsOf(key)): boolean {
    return super.tryStart(key, limits);
  }
}

/** Waiters named after their tenant and their place: a1, a2, b1. */
function queueOf(
  line: string,
  { limitsOf = () => undefined, ...options }: FairQueueOptions & { readonly limitsOf?: LimitsOf } = {},
): FairQueue<string> {
  const rules = { quantumMs: QUANTUM, estimateMs: QUANTUM, ...options };
  const queue = new QueueOfLimited(limitsOf, rules);
  for (const waiter of line.split(' ').filter(Boolean)) queue.push(keyOf(waiter), waiter);
  return queue;
}

function keyOf(waiter: string): string {
  return waiter.slice(0, 1);
}

/** Serves them one after another on one connection, each for so long. */
function serve(queue: FairQueue<string>, heldMs: (waiter: string) => number, times = 100): string {
  const order: string[] = [];
  let key = '';
  while (order.length < times) {
    const waiter = queue.nextFor(key) ?? queue.next();
    if (waiter === undefined) break;
    order.push(waiter);
    key = keyOf(waiter);
    queue.ended(key, heldMs(waiter));
  }
  return order.join(' ');
}

function limit(maxInUse: number, weight = 1) {
  const limits = { weight, maxInUse };
  return { limitsOf: () => limits };
}

describe('tenants that wait', () => {
  it('take turns of one quantum of connection time, each in its own order', () => {
    const queue = queueOf('a1 a2 a3 b1 b2 b3');
    expect(serve(queue, () => QUANTUM)).toBe('a1 b1 a2 b2 a3 b3');
  });

  it('are served several times in a turn where their leases are short', () => {
    const queue = queueOf('a1 a2 a3 a4 b1 b2', { estimateMs: 1 });
    expect(serve(queue, (waiter) => (keyOf(waiter) === 'a' ? 4 : 10))).toBe('a1 a2 a3 b1 a4 b2');
  });

  it('have turns as long as they weigh', () => {
    const limitsOf = (key: string) => ({ weight: key === 'a' ? 2 : 1, maxInUse: 10 });
    const queue = queueOf('a1 a2 a3 a4 b1 b2', { limitsOf });
    expect(serve(queue, () => QUANTUM)).toBe('a1 a2 b1 a3 a4 b2');
  });

  it('have longer turns from the time at which they weigh more', () => {
    const queue = queueOf('a1 a2 a3 a4 b1 b2 b3');
    expect(serve(queue, () => QUANTUM, 1)).toBe('a1');
    queue.push('a', 'a5', { weight: 2, maxInUse: 10 });
    expect(serve(queue, () => QUANTUM)).toBe('b1 a2 a3 b2 a4 a5 b3');
  });

  it('join behind those that wait already, however often they come back', () => {
    const queue = queueOf('a1 b1 b2 c1');
    expect(queue.next()).toBe('a1');
    queue.ended('a', 1);
    queue.push('a', 'a2');
    expect(serve(queue, () => QUANTUM)).toBe('b1 c1 a2 b2');
  });

  it('are told apart by any key, also those that objects know', () => {
    const queue = new FairQueue<number>();
    queue.push('__proto__', 1);
    queue.push('constructor', 2);
    expect([queue.next(), queue.next(), queue.next()]).toEqual([1, 2, undefined]);
  });
});

describe('a turn', () => {
  it('goes on, on the connection that came back, while the quantum lasts', () => {
    const queue = queueOf('a1 a2 b1');
    expect(queue.next()).toBe('a1');
    expect(queue.peek()).toBe('b1');
    queue.ended('a', 2);
    expect(queue.nextFor('a')).toBe('a2');
  });

  it('is over when the quantum is used up, though a connection of the tenant is free', () => {
    const queue = queueOf('a1 a2 b1');
    queue.next();
    queue.ended('a', QUANTUM);
    expect(queue.nextFor('a')).toBeUndefined();
    expect(queue.next()).toBe('b1');
  });

  it('does not begin with a connection that came back before it came', () => {
    const queue = queueOf('');
    queue.tryStart('a');
    queue.push('a', 'a1');
    queue.ended('a', 1);
    expect(queue.nextFor('a')).toBeUndefined();
    expect(queue.next()).toBe('a1');
  });

  it('does not begin with a lease that took less than was expected', () => {
    const queue = queueOf('');
    queue.tryStart('a');
    for (const waiter of ['b1', 'b2', 'b3']) queue.push('b', waiter);
    serve(queue, () => QUANTUM, 2);
    queue.push('a', 'a1');
    queue.ended('a', 1);
    expect(queue.nextFor('a')).toBeUndefined();
  });

  it('is lost when its tenant neither waits nor uses anything', () => {
    const queue = queueOf('a1 b1');
    expect(queue.next()).toBe('a1');
    queue.ended('a', 1);
    queue.push('a', 'a2');
    expect(queue.nextFor('a')).toBeUndefined();
    expect(serve(queue, () => 1)).toBe('b1 a2');
  });

  it('that was not needed is not saved up, neither for later turns nor for leases that need not wait', () => {
    const queue = queueOf('a1 b1 b2 b3 b4');
    serve(queue, () => QUANTUM);
    queue.tryStart('a');
    for (const waiter of ['a2', 'a3', 'c1', 'c2', 'c3', 'c4']) queue.push(keyOf(waiter), waiter);
    queue.ended('a', 25);
    expect(serve(queue, () => QUANTUM)).toBe('c1 c2 a2 c3 a3 c4');
  });

  it('is not longer after leases that took less than was expected', () => {
    const queue = queueOf('', { estimateMs: 30 });
    expect([queue.tryStart('a'), queue.tryStart('a')]).toEqual([true, true]);
    for (const waiter of 'a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8 b9'.split(' ')) {
      queue.push(keyOf(waiter), waiter);
    }
    let waiter = queue.next();
    for (; waiter !== 'a1'; waiter = queue.next()) queue.ended('b', QUANTUM);
    for (let lease = 0; lease < 3; lease++) queue.ended('a', 1);
    expect(serve(queue, () => 4, 5)).toBe('a2 a3 a4 b7 b8');
  });
});

describe('a lease that took longer than its turn', () => {
  it('is paid from the turns that follow', () => {
    const queue = queueOf('a1 a2 b1 b2 b3 b4 b5', { estimateMs: 1 });
    expect(serve(queue, (waiter) => (waiter === 'a1' ? 35 : QUANTUM))).toBe('a1 b1 b2 b3 a2 b4 b5');
  });

  it('is remembered while its tenant is away, and paid by the rounds that pass', () => {
    const queue = queueOf('a1 b1 b2 b3 b4 b5 b6', { estimateMs: 1 });
    expect(serve(queue, (waiter) => (waiter === 'a1' ? 45 : QUANTUM), 3)).toBe('a1 b1 b2');
    queue.push('a', 'a2');
    expect(serve(queue, () => QUANTUM)).toBe('b3 b4 a2 b5 b6');
  });

  it('is charged up to the greatest debt and no further', () => {
    const queue = queueOf('a1 a2 b1 b2 b3 b4 b5', { estimateMs: 1, maxDebtMs: 30 });
    expect(serve(queue, (waiter) => (waiter === 'a1' ? 1e9 : QUANTUM))).toBe('a1 b1 b2 b3 a2 b4 b5');
  });

  it('adds to what was owed before, less what the rounds paid meanwhile', () => {
    const queue = queueOf('', { maxDebtMs: 30 });
    expect([queue.tryStart('a'), queue.tryStart('a')]).toEqual([true, true]);
    for (const waiter of ['b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'b8', 'b9']) queue.push('b', waiter);
    queue.ended('a', 30);
    serve(queue, () => QUANTUM, 4);
    queue.ended('a', 30);
    queue.push('a', 'a1');
    expect(serve(queue, () => QUANTUM)).toBe('b5 b6 a1 b7 b8 b9');
  });

  it('is paid also where that takes more rounds than are told apart', () => {
    const limitsOf = (key: string) => ({ weight: key === 'a' ? 0.1 : 1, maxInUse: 10 });
    const queue = queueOf('a1 a2 b1', { limitsOf, quantumMs: 1, maxDebtMs: 1000, estimateMs: 1 });
    expect(serve(queue, () => 102.45)).toBe('a1 b1 a2');
  });

  it('teaches what the next one is expected to take', () => {
    const queue = queueOf('a1 a2 a3 b1', { estimateMs: 1 });
    expect([queue.next(), queue.next(), queue.next()]).toEqual(['a1', 'a2', 'a3']);
    for (const key of ['a', 'a', 'a']) queue.ended(key, 40);
    expect(queue.loadOf('a')?.meanMs).toBe(40);
    expect(serve(queue, () => QUANTUM)).toBe('b1');
    for (const waiter of ['a4', 'a5', 'b2']) queue.push(keyOf(waiter), waiter);
    expect([queue.next(), queue.next(), queue.next()]).toEqual(['b2', 'a4', 'a5']);
    queue.ended('a', 8);
    expect(queue.loadOf('a')?.meanMs).toBe(36);
  });

  it('delays nobody where nobody else waits', () => {
    const queue = queueOf('a1 a2 a3 a4');
    expect(serve(queue, () => 5000)).toBe('a1 a2 a3 a4');
  });

  it.each([Number.NaN, -5, 0])(
    'costs a little, and stops nothing, where it is said to have taken %s ms',
    (held) => {
      const queue = queueOf(`${'a1 '.repeat(500)}b1`);
      expect(serve(queue, () => held, 300)).toContain('b1');
      expect(queue.loadOf('a')?.meanMs).toBeGreaterThan(0);
    },
  );
});

describe('a tenant at its limit', () => {
  it('is passed over without holding up the others', () => {
    const queue = queueOf('a1 a2 b1 b2', { ...limit(1), estimateMs: 1 });
    expect([queue.next(), queue.next(), queue.next()]).toEqual(['a1', 'b1', undefined]);
    expect(queue.size).toBe(2);
  });

  it('keeps its turn and goes first when a connection of its own has come back', () => {
    const queue = queueOf('a1 a2 b1 c1', { ...limit(1), estimateMs: 1 });
    expect([queue.next(), queue.next()]).toEqual(['a1', 'b1']);
    queue.ended('a', 1);
    expect(queue.next()).toBe('a2');
  });

  it('has one turn in each round from then on, however many it missed', () => {
    const queue = queueOf('a1 a2 a3 a4 b1 b2 b3 b4 b5', limit(1));
    expect(queue.next()).toBe('a1');
    for (let served = 0; served < 3; served++) {
      expect(keyOf(queue.next() ?? '')).toBe('b');
      queue.ended('b', QUANTUM);
    }
    queue.ended('a', QUANTUM);
    expect(serve(queue, () => QUANTUM)).toBe('a2 b4 a3 b5 a4');
  });

  it('gets no lease without waiting either', () => {
    const queue = queueOf('', limit(2));
    expect([1, 2, 3].map(() => queue.tryStart('a'))).toEqual([true, true, false]);
    expect(queue.tryStart('b')).toBe(true);
    queue.ended('a', 1);
    expect(queue.tryStart('a')).toBe(true);
  });

  it('may go on when its limit is raised', () => {
    const queue = queueOf('a1 a2', { ...limit(1), estimateMs: 1 });
    expect([queue.next(), queue.next()]).toEqual(['a1', undefined]);
    queue.push('a', 'a3', { weight: 1, maxInUse: 2 });
    expect([queue.next(), queue.next()]).toEqual(['a2', undefined]);
  });

  it('does not go on when its limit was lowered', () => {
    const queue = queueOf('a1 a2 a3', { ...limit(2), estimateMs: 1 });
    expect([queue.next(), queue.next()]).toEqual(['a1', 'a2']);
    const lowered = { weight: 1, maxInUse: 1 };
    queue.push('a', 'a4', lowered);
    queue.ended('a', 1);
    const started = queue.tryStart('a', lowered);
    expect([queue.nextFor('a'), queue.next(), started]).toEqual([undefined, undefined, false]);
    queue.ended('a', 1);
    expect(queue.nextFor('a')).toBe('a3');
  });
});

describe('a lease that need not wait', () => {
  it('overtakes nobody who may be served', () => {
    const queue = queueOf('a1', limit(1));
    expect(queue.tryStart('b')).toBe(false);
    expect(queue.next()).toBe('a1');
    queue.push('a', 'a2');
    expect(queue.tryStart('b')).toBe(true);
  });

  it('is charged like any other', () => {
    const queue = queueOf('');
    expect(queue.tryStart('a')).toBe(true);
    for (const waiter of ['a1', 'b1', 'b2', 'b3']) queue.push(keyOf(waiter), waiter);
    queue.ended('a', 25);
    expect(serve(queue, () => QUANTUM)).toBe('b1 b2 a1 b3');
  });

  it('cannot end twice', () => {
    const queue = queueOf('');
    queue.tryStart('a');
    queue.ended('a', 1);
    expect(() => queue.ended('a', 1)).toThrow(InternalError);
    expect(() => queue.ended('stranger', 1)).toThrow(InternalError);
  });
});

describe('a waiter for which there is no connection after all', () => {
  it('is put back to where it was, and nothing was charged', () => {
    const queue = queueOf('a1 a2 b1', limit(1));
    expect(queue.next()).toBe('a1');
    queue.putBack('a', 'a1');
    expect(queue.loadOf('a')).toMatchObject({ inUse: 0, waiting: 2, debtMs: 0 });
    expect(serve(queue, () => QUANTUM)).toBe('a1 b1 a2');
  });

  it('is put back also as the last of its tenant, and may give up', () => {
    const queue = queueOf('a1 b1');
    expect(queue.next()).toBe('a1');
    const ticket = queue.putBack('a', 'a1');
    expect(queue.peek()).toBe('a1');
    expect(queue.remove(ticket)).toBe(true);
    expect(queue.next()).toBe('b1');
    expect(() => queue.putBack('a', 'a1')).toThrow(InternalError);
  });

  it('costs a little and teaches nothing where it is turned away', () => {
    const queue = queueOf(`${'a1 '.repeat(200)}b1`);
    serve(queue, () => 4, 1);
    let turnedAway = 0;
    for (let waiter = queue.next(); waiter !== 'b1'; waiter = queue.next()) {
      queue.ended('a');
      turnedAway++;
    }
    expect(turnedAway).toBeGreaterThan(10);
    expect(turnedAway).toBeLessThanOrEqual(100);
    expect(queue.loadOf('a')?.meanMs).toBe(4);
  });
});

describe('a waiter that gives up', () => {
  it('is gone once, and the others move up', () => {
    const queue = queueOf('a1');
    const ticket = queue.push('a', 'a2');
    queue.push('a', 'a3');
    expect([queue.remove(ticket), queue.remove(ticket)]).toEqual([true, false]);
    expect(queue.waitingOf('a')).toBe(2);
    expect(serve(queue, () => 1)).toBe('a1 a3');
  });

  it('cannot be removed after it was served', () => {
    const queue = queueOf('');
    const ticket = queue.push('a', 'a1');
    expect(queue.next()).toBe('a1');
    expect(queue.remove(ticket)).toBe(false);
  });

  it('as the last of a tenant at its limit leaves nothing behind', () => {
    const queue = queueOf('a1', { ...limit(1), remembered: 0 });
    const ticket = queue.push('a', 'a2');
    expect([queue.next(), queue.next()]).toEqual(['a1', undefined]);
    queue.remove(ticket);
    queue.ended('a', 0);
    queue.tryStart('b');
    queue.ended('b', QUANTUM);
    expect(queue.next()).toBeUndefined();
    expect(queue.loadOf('a')).toBeUndefined();
  });
});

describe('the queue', () => {
  it('tells everybody who waits, in the order of the turns, those at their limit last', () => {
    const queue = queueOf('a1 a2 a3 b1 c1 b2', { ...limit(1), estimateMs: 1 });
    expect([queue.next(), queue.peek()]).toEqual(['a1', 'b1']);
    const tickets = [...queue];
    expect(tickets.map(({ waiter }) => waiter)).toEqual(['b1', 'b2', 'c1', 'a2', 'a3']);
    for (const ticket of tickets) expect(queue.remove(ticket)).toBe(true);
    expect(queue.size).toBe(0);
  });

  it('tells who uses and who waits', () => {
    const queue = queueOf('a1 a2 b1', limit(1));
    queue.next();
    queue.count('a', 'rebinds');
    queue.count('nobody', 'rebinds');
    const nothing = { waits: 0, timeouts: 0, opened: 0, rebinds: 0, evictions: 0 };
    expect([...queue.loads()]).toEqual([
      { key: 'a', inUse: 1, waiting: 1, meanMs: 10, debtMs: 0, totals: { ...nothing, waits: 2, rebinds: 1 } },
      { key: 'b', inUse: 0, waiting: 1, meanMs: 10, debtMs: 0, totals: { ...nothing, waits: 1 } },
    ]);
  });

  it('forgets tenants that neither wait nor use nor owe anything', () => {
    const queue = queueOf('', { remembered: 20 });
    for (let tenant = 0; tenant < 5000; tenant++) {
      queue.tryStart(`tenant-${tenant}`);
      queue.ended(`tenant-${tenant}`, tenant % 100 === 0 ? 500 : 1);
    }
    expect(queue.tenants).toBeLessThan(200);
  });

  it('does not forget a tenant that owes', () => {
    const queue = queueOf('a1 b1 c1 d1 e1', { remembered: 0, estimateMs: 1 });
    serve(queue, (waiter) => (waiter === 'a1' ? 500 : 1), 4);
    expect(queue.loadOf('a')?.debtMs).toBeGreaterThan(400);
    expect(queue.loadOf('b')).toBeUndefined();
  });

  it.each([
    [{ quantumMs: Number.NaN }],
    [{ quantumMs: 0 }],
    [{ quantumMs: 50, maxDebtMs: 20 }],
    [{ estimateMs: 0 }],
    [{ remembered: -1 }],
  ])('refuses rules by which turns would never end: %j', (options) => {
    expect(() => new FairQueue(options)).toThrow(InvalidOptionError);
  });

  it.each([
    [{ weight: 0, maxInUse: 1 }],
    [{ weight: Number.NaN, maxInUse: 1 }],
    [{ weight: 1, maxInUse: 0 }],
  ])('refuses limits by which a tenant would wait for ever, and keeps nothing of it: %j', (limits) => {
    const queue = new FairQueue<string>();
    expect(() => queue.push('a', 'a1', limits)).toThrow(InvalidOptionError);
    expect(() => queue.tryStart('a', limits)).toThrow(InvalidOptionError);
    expect([queue.size, queue.tenants]).toEqual([0, 0]);
  });
});

describe('one tenant with 500 slow statements', () => {
  function noisyAndLight(connections: number, maxInUse: number): number[] {
    const pool = new SimulatedPool(connections, {
      quantumMs: QUANTUM,
      limitsOf: (key) => ({ weight: 1, maxInUse: key === 'noisy' ? maxInUse : connections }),
    });
    for (let statement = 0; statement < 500; statement++) pool.come('noisy', 200);
    for (let request = 1; request <= 400; request++) pool.at(request * 12.7, () => pool.come('light', 2));
    pool.runUntil(1e6);
    expect(pool.served).toHaveLength(900);
    return pool.served.filter(({ key }) => key === 'light').map((caller) => pool.waited(caller));
  }

  it('never lets a light tenant wait longer than two rounds where a limit leaves a connection', () => {
    expect(Math.max(...noisyAndLight(4, 3))).toBeLessThanOrEqual(2 * 2 * QUANTUM);
  });

  it('delays a light tenant by the statement that is running and a round, where nothing limits it', () => {
    expect(Math.max(...noisyAndLight(4, 4))).toBeLessThanOrEqual(200 + 2 * QUANTUM);
  });
});
