import { FairQueue } from '../../src/pool/fair-queue.js';
import type { FairQueueOptions, TenantLimits } from '../../src/pool/fair-queue-options.js';
import type { Ticket } from '../../src/pool/tenant-turns.js';

/** Milliseconds of a turn. */
export const QUANTUM = 10;

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
export function queueOf(
  line: string,
  { limitsOf = () => undefined, ...options }: FairQueueOptions & { readonly limitsOf?: LimitsOf } = {},
): FairQueue<string> {
  const rules = { quantumMs: QUANTUM, estimateMs: QUANTUM, ...options };
  const queue = new QueueOfLimited(limitsOf, rules);
  for (const waiter of line.split(' ').filter(Boolean)) queue.push(keyOf(waiter), waiter);
  return queue;
}

/** The tenant of a waiter. */
export function keyOf(waiter: string): string {
  return waiter.slice(0, 1);
}

/** Serves them one after another on one connection, each for so long. */
export function serve(queue: FairQueue<string>, heldMs: (waiter: string) => number, times = 100): string {
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

/** Limits that every tenant has. */
export function limit(maxInUse: number, weight = 1) {
  const limits = { weight, maxInUse };
  return { limitsOf: () => limits };
}
