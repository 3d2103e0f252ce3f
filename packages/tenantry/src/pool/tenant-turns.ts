import type { ConnectionAccount } from './connection-account.js';
import type { TenantLimits } from './fair-queue-options.js';
import { type Linked, LinkedList } from './linked-list.js';
import type { TurnTaker } from './round-calendar.js';

/** A tenant's part of a server in numbers. */
export interface TenantLoad {
  readonly key: string;
  readonly inUse: number;
  readonly waiting: number;
  /** The moving average of how long it took a place in the budget for: connecting, using, resetting, closing. */
  readonly meanMs: number;
  /** What it owes of connection time; leases in use count by their estimates. */
  readonly debtMs: number;
  /** What was done for it since it is remembered: a tenant that uses and waits for nothing is forgotten after a thousand others. */
  readonly totals: Readonly<TenantTotals>;
}

/** What was done for a tenant on one server. */
export interface TenantTotals {
  /** Callers that had to wait. */
  waits: number;
  /** Callers that gave up waiting because it took too long. */
  timeouts: number;
  /** Connections opened for it. */
  opened: number;
  /** Connections of other tenants that were moved to it. */
  rebinds: number;
  /** Idle connections of its own that were closed to make place for another tenant's. */
  evictions: number;
}

/** Leases of a tenant that the server holds down, after which one connection more is tried. */
const ENDS_TO_TRY = 100;

/** A tenant that waits, uses or owes something, or did so lately. */
export class TenantTurns<W> implements TurnTaker<TenantTurns<W>> {
  list: LinkedList<TenantTurns<W>> | undefined = undefined;
  previous: TenantTurns<W> | undefined = undefined;
  next: TenantTurns<W> | undefined = undefined;
  due = 0;
  /** The last round in which its turn came. */
  lastTurn = -1;
  /** Those of its callers that wait, in their order. */
  readonly line = new LinkedList<Ticket<W>>();
  readonly key: string;
  readonly account: ConnectionAccount;
  limits: TenantLimits;
  /** What the server itself lets it have, as far as that is known. */
  #mostInUse = Number.POSITIVE_INFINITY;
  #endsAtMost = 0;
  readonly totals: TenantTotals = { waits: 0, timeouts: 0, opened: 0, rebinds: 0, evictions: 0 };

  constructor(key: string, limits: TenantLimits, account: ConnectionAccount) {
    this.key = key;
    this.limits = limits;
    this.account = account;
  }

  get waits(): boolean {
    return this.line.size > 0;
  }

  get atLimit(): boolean {
    const { inUse } = this.account;
    return inUse >= this.limits.maxInUse || inUse >= this.#mostInUse;
  }

  /** The server gave it no more than it uses now. */
  holdDown(): void {
    this.#mostInUse = Math.max(1, this.account.inUse);
    this.#endsAtMost = 0;
  }

  /** One of its leases has ended. From time to time one more is tried. */
  leaseEnded(): void {
    if (this.account.inUse === 0) this.#mostInUse = Number.POSITIVE_INFINITY;
    else if (++this.#endsAtMost % ENDS_TO_TRY === 0) this.#mostInUse++;
  }

  get load(): TenantLoad {
    const { inUse, meanMs, creditMs } = this.account;
    const debtMs = Math.max(0, -creditMs);
    return { key: this.key, inUse, waiting: this.line.size, meanMs, debtMs, totals: { ...this.totals } };
  }
}

/** A place in the queue, for one waiter. What is in it beside the waiter is the queue's own. */
export class Ticket<W> implements Linked<Ticket<W>> {
  list: LinkedList<Ticket<W>> | undefined = undefined;
  previous: Ticket<W> | undefined = undefined;
  next: Ticket<W> | undefined = undefined;
  readonly tenant: TenantTurns<W>;
  readonly waiter: W;

  constructor(tenant: TenantTurns<W>, waiter: W) {
    this.tenant = tenant;
    this.waiter = waiter;
  }
}
