import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/pool/fair-queue.js';
import { keyOf, QUANTUM, queueOf, serve } from './fair-queue-support.js';
import { SimulatedPool } from './simulated-pool.js';

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
