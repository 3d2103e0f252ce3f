/** What an account charges by, in milliseconds of connection time. */
export interface AccountRules {
  /** What a tenant of weight 1 is granted in each round. */
  readonly quantumMs: number;
  /** The most that a tenant owes. */
  readonly maxDebtMs: number;
  /** What a lease is expected to cost before the first of its tenant has ended. */
  readonly estimateMs: number;
}

/** The weight of the newest lease in the average of hold times. */
const NEWEST = 1 / 8;

/** A lease costs at least this part of a quantum: leases that cost nothing would make a turn last for ever. */
const LEAST_COST = 1 / 100;

/**
 * One tenant's connection time: granted by rounds, charged by leases.
 *
 * What a lease costs is known when it has ended. Until then an estimate is set aside, never mixed
 * into the balance, so that wrong estimates leave no trace once the real time has been charged.
 */
export class ConnectionAccount {
  readonly #rules: AccountRules;
  #quantumMs: number;
  #inUse = 0;
  #meanMs: number;
  #hasMean = false;
  /** Granted less charged, by real time only. */
  #balanceMs = 0;
  /** Set aside for the leases in use. */
  #reservedMs = 0;
  #round: number;

  /** An account that counts the rounds after `round`. */
  constructor(rules: AccountRules, weight: number, round: number) {
    this.#rules = rules;
    this.#quantumMs = rules.quantumMs * weight;
    this.#meanMs = rules.estimateMs;
    this.#round = round;
  }

  /** Connections in use. */
  get inUse(): number {
    return this.#inUse;
  }

  /** What a lease is expected to last: the moving average of those that ended. */
  get meanMs(): number {
    return this.#meanMs;
  }

  /** What is left of the turn, or, where negative, what is owed; the leases in use count by their estimates. */
  get creditMs(): number {
    return this.#balanceMs - this.#reservedMs;
  }

  /** The last round that is in the balance. */
  get round(): number {
    return this.#round;
  }

  /** The round that brings the next turn. */
  get nextTurn(): number {
    const credit = this.creditMs;
    return this.#round + (credit > 0 ? 1 : Math.floor(-credit / this.#quantumMs) + 1);
  }

  setWeight(weight: number): void {
    this.#quantumMs = this.#rules.quantumMs * weight;
  }

  /** Counts the rounds up to this one for a tenant that waits for its turn: at most one quantum is saved up. */
  passWaiting(round: number): void {
    this.#pass(round, this.#quantumMs);
  }

  /** Counts the rounds up to this one for a tenant that does not wait: they pay its debt, and nothing is saved up. */
  passResting(round: number): void {
    this.#pass(round, 0);
  }

  /** A lease begins; its estimate is set aside. */
  start(): void {
    this.#inUse++;
    this.#reservedMs += this.#meanMs;
  }

  /** A lease did not come to be after all, though it has just started: nothing is charged. */
  undoStart(): void {
    this.#inUse--;
    this.#reservedMs = this.#inUse === 0 ? 0 : Math.max(0, this.#reservedMs - this.#meanMs);
  }

  /**
   * A lease has ended: the time that it really took replaces its estimate. One without a time came to
   * nothing; it costs the least and says nothing of how long leases take.
   */
  end(heldMs: number | undefined): void {
    const { quantumMs, maxDebtMs } = this.#rules;
    this.#reservedMs -= this.#reservedMs / this.#inUse;
    this.#inUse--;
    // Written so that a duration that is no number, or negative, counts as the least one.
    const least = quantumMs * LEAST_COST;
    const costMs = heldMs !== undefined && heldMs > least ? Math.min(heldMs, maxDebtMs) : least;
    if (heldMs !== undefined) this.#learn(costMs);
    const mostMs = this.#reservedMs + this.#quantumMs;
    this.#balanceMs = Math.min(mostMs, Math.max(-maxDebtMs, this.#balanceMs - costMs));
  }

  /** The tenant neither waits nor uses anything any more: it keeps its debt and loses what is left of its turn. */
  rest(): void {
    if (this.#balanceMs > 0) this.#balanceMs = 0;
  }

  #learn(costMs: number): void {
    this.#meanMs = this.#hasMean ? this.#meanMs + (costMs - this.#meanMs) * NEWEST : costMs;
    this.#hasMean = true;
  }

  #pass(round: number, mostCreditMs: number): void {
    const rounds = round - this.#round;
    if (rounds <= 0) return;
    this.#round = round;
    const mostMs = this.#reservedMs + mostCreditMs;
    this.#balanceMs = Math.min(mostMs, this.#balanceMs + rounds * this.#quantumMs);
  }
}
