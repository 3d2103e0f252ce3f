import { InternalError } from '../errors.js';
import { ConnectionAccount } from './connection-account.js';
import {
  assertLimits,
  type FairQueueOptions,
  type FairQueueRules,
  fairQueueRules,
  type TenantLimits,
  UNLIMITED,
} from './fair-queue-options.js';
import { LinkedList } from './linked-list.js';
import { RoundCalendar } from './round-calendar.js';
import { type TenantLoad, type TenantTotals, TenantTurns, Ticket } from './tenant-turns.js';

/**
 * Who gets the next connection: a queue in which tenants take turns, by deficit round robin in
 * connection time. It has no timer and no clock of its own and does no I/O.
 *
 * - **A turn** lasts one quantum of connection time, times the tenant's weight. Within it the
 *   tenant's waiters are served first come first served. In each round every tenant that waits has
 *   one turn; one that begins to wait joins the end of the next round.
 * - **Affinity never breaks the turn.** A connection that has come back goes on with its own tenant
 *   ({@link nextFor}) only on what that tenant's turn of this round has left. After that the next
 *   tenant goes, even if that takes a rebind or a reconnect.
 * - **Costs are known late**: a lease is charged by an estimate when it starts (the moving average of
 *   its tenant's hold times) and by its real time when it ends. So a turn can end in debt, which is
 *   paid from the turns that follow. Debt is bounded by {@link FairQueueOptions.maxDebtMs}.
 * - **Nothing is saved up**: a tenant that neither waits nor uses anything loses what was left of its
 *   turn, and one that waits never has more than one quantum. Debt stays until as many rounds have
 *   passed as pay for it. While there is nobody to serve, a round passes with each quantum of
 *   connection time that anybody uses.
 * - **A tenant at its limit** of connections is passed over, keeps its turn, and goes first as soon as
 *   one of its connections has come back. Nobody waits for it.
 * - **A lease that need not wait** counts against limit and turns like any other ({@link tryStart}).
 * - **Limits come with the caller**: those that a tenant's latest caller brought hold, for all of its callers.
 *
 * So a tenant with nothing in use has its turn within `maxDebtMs / (quantumMs * weight) + 1` rounds,
 * and a round takes no more than a quantum of each tenant that waits and the holds that overdraw it.
 * Each operation but {@link latestOfMost} takes O(1), amortized. Memory is bounded by the tenants that wait, use or owe
 * something, and {@link FairQueueOptions.remembered}.
 *
 * @example
 * ```ts
 * const queue = new FairQueue<Waiter>();
 * const ticket = queue.push('acme', waiter);        // and queue.remove(ticket) where it gives up
 * queue.next()?.serve();                            // a connection is free
 * queue.ended('acme', heldMs);                      // it has come back; then: who goes on with it?
 * (queue.nextFor('acme') ?? queue.next())?.serve();
 * ```
 */
export class FairQueue<W> {
  readonly #rules: FairQueueRules;
  readonly #tenants = new Map<string, TenantTurns<W>>();
  /** Tenants that wait, by their turns. */
  readonly #calendar = new RoundCalendar<TenantTurns<W>>();
  /** Tenants that wait and were at their limit when their turn came. */
  readonly #atLimit = new LinkedList<TenantTurns<W>>();
  /** Tenants that neither wait nor use anything, the latest last. */
  readonly #resting = new LinkedList<TenantTurns<W>>();
  #size = 0;
  /** Connection time used with nobody to serve; less than a quantum. */
  #calmMs = 0;

  /** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) */
  constructor(options: FairQueueOptions = {}) {
    this.#rules = fairQueueRules(options);
  }

  /** Those that wait. */
  get size(): number {
    return this.#size;
  }

  /** Tenants in memory. */
  get tenants(): number {
    return this.#tenants.size;
  }

  waitingOf(key: string): number {
    return this.#tenants.get(key)?.line.size ?? 0;
  }

  /**
   * A waiter joins the end of its tenant's line.
   *
   * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for limits that are none; nothing has changed then.
   */
  push(key: string, waiter: W, limits: TenantLimits = UNLIMITED): Ticket<W> {
    const tenant = this.#tenant(key, limits);
    tenant.totals.waits++;
    const ticket = new Ticket(tenant, waiter);
    if (!tenant.waits) {
      this.#resting.remove(tenant);
      tenant.account.passResting(this.#calendar.round);
      this.#calendar.add(tenant, tenant.account.nextTurn);
    }
    tenant.line.addLast(ticket);
    this.#size++;
    return ticket;
  }

  /** A waiter gives up; whether it still waited. */
  remove(ticket: Ticket<W>): boolean {
    const { tenant } = ticket;
    if (!tenant.line.remove(ticket)) return false;
    this.#size--;
    if (tenant.waits) return true;
    if (!this.#atLimit.remove(tenant)) this.#calendar.remove(tenant);
    if (tenant.account.inUse === 0) this.#rest(tenant);
    return true;
  }

  /** The waiter whose turn it is, which stays in the queue; undefined if nobody may be served. */
  peek(): W | undefined {
    return this.#turn()?.line.first?.waiter;
  }

  /** Takes the waiter whose turn it is; its lease has started. Undefined if nobody may be served. */
  next(): W | undefined {
    const tenant = this.#turn();
    return tenant && this.#serve(tenant);
  }

  /**
   * Takes this tenant's first waiter if the tenant may go on within its turn; its lease has started.
   * To be asked after {@link ended}, for the connection that has come back; where the answer is
   * undefined, {@link next} says who goes.
   */
  nextFor(key: string): W | undefined {
    const tenant = this.#tenants.get(key);
    if (tenant === undefined || !tenant.waits || tenant.atLimit) return undefined;
    const inTurn = tenant.lastTurn === this.#calendar.round && tenant.account.creditMs > 0;
    return inTurn ? this.#serve(tenant) : undefined;
  }

  /**
   * Starts a lease that need not wait. False, and nothing has started, where it would overtake
   * somebody or break its tenant's limit.
   *
   * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for limits that are none; nothing has changed then.
   */
  tryStart(key: string, limits: TenantLimits = UNLIMITED): boolean {
    if (this.#size > 0 && this.#turn() !== undefined) return false;
    const tenant = this.#tenant(key, limits);
    if (tenant.atLimit) return false;
    this.#resting.remove(tenant);
    tenant.account.passResting(this.#calendar.round);
    tenant.account.start();
    return true;
  }

  /** Whether this tenant's limit lets it have one more connection now. */
  mayHaveMore(key: string): boolean {
    return !(this.#tenants.get(key)?.atLimit ?? false);
  }

  /**
   * Who makes room for one more waiter of this tenant where no more may wait: the latest of the tenant that has most
   * of them. Undefined where that is this tenant, or nobody has more than it would have. Takes longer the more tenants
   * wait, unless this one has its share already.
   */
  latestOfMost(key: string): W | undefined {
    const own = this.waitingOf(key);
    const waiting = this.#calendar.size + this.#atLimit.size;
    if (own * waiting >= this.#size || waiting === this.#size) return undefined;
    let most: TenantTurns<W> | undefined;
    for (const tenants of [this.#calendar, this.#atLimit]) {
      for (const tenant of tenants) if (tenant.line.size > (most?.line.size ?? own + 1)) most = tenant;
    }
    return most?.line.last?.waiter;
  }

  /**
   * Starts a lease in the place of one that has just ended, for a caller whose turn had come already
   * and whose own lease goes on without it: the connection that is being opened for it.
   *
   * @throws InternalError (`TENANTRY_INTERNAL`) if the tenant has no lease.
   */
  startInstead(key: string): void {
    this.#leaseholder(key).account.start();
  }

  /**
   * Puts back a waiter that was just taken and for which there is no connection after all: it is the
   * first of its tenant again, its tenant has its turn, and nothing was charged.
   *
   * @throws InternalError (`TENANTRY_INTERNAL`) if the tenant has no lease.
   */
  putBack(key: string, waiter: W): Ticket<W> {
    const tenant = this.#leaseholder(key);
    tenant.account.undoStart();
    if (tenant.waits && !this.#atLimit.remove(tenant)) this.#calendar.remove(tenant);
    this.#calendar.addFirst(tenant);
    const ticket = new Ticket(tenant, waiter);
    tenant.line.addFirst(ticket);
    this.#size++;
    return ticket;
  }

  /**
   * A lease has ended, one of {@link next}, {@link nextFor} or {@link tryStart}. Without a time it came
   * to nothing, for example because no connection could be opened: that costs next to nothing and
   * teaches nothing.
   *
   * @throws InternalError (`TENANTRY_INTERNAL`) if the tenant has none.
   */
  ended(key: string, heldMs?: number): void {
    const tenant = this.#leaseholder(key);
    if (this.#calendar.size === 0) this.#passCalm(heldMs ?? 0);
    const { account } = tenant;
    // First the rounds that passed meanwhile: they pay for what was owed before.
    if (tenant.waits) account.passWaiting(this.#calendar.round);
    else account.passResting(this.#calendar.round);
    account.end(heldMs);
    tenant.leaseEnded();
    if (tenant.waits) this.#place(tenant);
    else if (account.inUse === 0) this.#rest(tenant);
  }

  /**
   * The server itself lets this tenant have no more than it uses now: it is passed over like one at its limit, until
   * one of its connections comes back. To be called after {@link putBack}.
   */
  holdDown(key: string): void {
    this.#leaseholder(key).holdDown();
  }

  /** Counts something that was done for a tenant, as long as it is in memory. */
  count(key: string, what: keyof TenantTotals): void {
    const tenant = this.#tenants.get(key);
    if (tenant !== undefined) tenant.totals[what]++;
  }

  /** A tenant in numbers; undefined if it is not in memory. */
  loadOf(key: string): TenantLoad | undefined {
    return this.#tenants.get(key)?.load;
  }

  /** The tenants that wait or use something, in numbers. */
  *loads(): Generator<TenantLoad, void, undefined> {
    for (const tenant of this.#tenants.values()) {
      if (tenant.waits || tenant.account.inUse > 0) yield tenant.load;
    }
  }

  /**
   * Everybody who waits: tenant by tenant in the order of their turns, those at their limit last, and
   * first come first served within a tenant. Do not change the queue meanwhile; copy it first.
   */
  *[Symbol.iterator](): Generator<Ticket<W>, void, undefined> {
    for (const tenant of this.#calendar) yield* tenant.line;
    for (const tenant of this.#atLimit) yield* tenant.line;
  }

  #tenant(key: string, limits: TenantLimits): TenantTurns<W> {
    const known = this.#tenants.get(key);
    if (known !== undefined) {
      if (known.limits !== limits) this.#limit(known, limits);
      return known;
    }
    assertLimits(limits);
    const account = new ConnectionAccount(this.#rules, limits.weight, this.#calendar.round);
    const tenant = new TenantTurns<W>(key, limits, account);
    this.#tenants.set(key, tenant);
    return tenant;
  }

  #limit(tenant: TenantTurns<W>, limits: TenantLimits): void {
    assertLimits(limits);
    tenant.limits = limits;
    tenant.account.setWeight(limits.weight);
    if (tenant.waits) this.#place(tenant);
  }

  #leaseholder(key: string): TenantTurns<W> {
    const tenant = this.#tenants.get(key);
    if (tenant !== undefined && tenant.account.inUse > 0) return tenant;
    throw new InternalError('A lease ended that never started.', { tenant: key });
  }

  /** The tenant whose turn it is and that may have one more connection. */
  #turn(): TenantTurns<W> | undefined {
    for (let tenant = this.#calendar.first(); tenant !== undefined; tenant = this.#calendar.first()) {
      if (tenant.atLimit) {
        this.#calendar.remove(tenant);
        this.#atLimit.addLast(tenant);
        continue;
      }
      tenant.account.passWaiting(this.#calendar.round);
      if (tenant.account.creditMs > 0) {
        tenant.lastTurn = this.#calendar.round;
        return tenant;
      }
      this.#calendar.remove(tenant);
      this.#calendar.add(tenant, tenant.account.nextTurn);
    }
    return undefined;
  }

  #serve(tenant: TenantTurns<W>): W | undefined {
    const ticket = tenant.line.first;
    if (ticket === undefined) return undefined;
    tenant.account.start();
    this.remove(ticket);
    return ticket.waiter;
  }

  /** Moves a tenant that waits to where it belongs after its account or its limits have changed. */
  #place(tenant: TenantTurns<W>): void {
    const { creditMs, nextTurn, round } = tenant.account;
    const now = this.#calendar.round;
    if (!this.#atLimit.remove(tenant)) {
      const inTurn = tenant.due === now && round === now && creditMs > 0;
      if (inTurn || nextTurn === tenant.due) return;
      this.#calendar.remove(tenant);
      this.#calendar.add(tenant, nextTurn);
    } else if (tenant.atLimit) this.#atLimit.addLast(tenant);
    else if (creditMs > 0 || nextTurn <= now) this.#calendar.addFirst(tenant);
    else this.#calendar.add(tenant, nextTurn);
  }

  #rest(tenant: TenantTurns<W>): void {
    tenant.account.rest();
    this.#resting.addLast(tenant);
    // Two looks for each tenant that joins: so those that owe nothing cannot hide behind those that do.
    for (let looks = 0; looks < 2 && this.#resting.size > this.#rules.remembered; looks++) {
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const oldest = this.#resting.first;
    if (oldest === undefined) return;
    this.#resting.remove(oldest);
    oldest.account.passResting(this.#calendar.round);
    if (oldest.account.creditMs < 0) this.#resting.addLast(oldest);
    else this.#tenants.delete(oldest.key);
  }

  /** Without this, debts of a time in which nobody waited would stay for ever. */
  #passCalm(heldMs: number): void {
    const { quantumMs, maxDebtMs } = this.#rules;
    if (heldMs > 0) this.#calmMs += Math.min(heldMs, maxDebtMs);
    const rounds = Math.floor(this.#calmMs / quantumMs);
    this.#calmMs -= rounds * quantumMs;
    this.#calendar.skip(rounds);
  }
}
