import { describe, expect, it } from 'vitest';
import { InternalError, InvalidOptionError } from '../../src/errors.js';
import { FairQueue } from '../../src/pool/fair-queue.js';
import { keyOf, limit, QUANTUM, queueOf, serve } from './fair-queue-support.js';

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
