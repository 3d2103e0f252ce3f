/** A server pool in numbers. */
export interface PoolStats {
  /** The budget: what the pool never exceeds. */
  readonly maxConnections: number;
  /** What the server lets this process hold now, as far as it is known: fewer than the budget where others have the rest. */
  readonly allowed: number;
  /** Leased to somebody. */
  readonly inUse: number;
  readonly idle: number;
  /** Being opened, proved or reset. */
  readonly connecting: number;
  /** Being closed; they count until the server has let them go. */
  readonly closing: number;
  /** Callers that wait for a connection, those for whom one is being opened included. */
  readonly waiting: number;
  /** Whether the server counts as out of reach: new connections are refused but for a probe now and then. */
  readonly unreachable: boolean;
  /** Since the pool was made. */
  readonly totals: PoolTotals;
}

/** What a pool has done since it was made. */
export interface PoolTotals {
  /** Leases given. */
  readonly leases: number;
  /** Leases for which the caller had to wait. */
  readonly waits: number;
  /** Connections opened. */
  readonly opened: number;
  /** Connections moved from one tenant to another. */
  readonly rebinds: number;
  /** Connections whose session was reset because a borrower may have left something in it. */
  readonly resets: number;
  /** Idle connections closed to make place for another tenant's. */
  readonly evictions: number;
  /** Leases whose statement was cancelled and whose connection was destroyed. */
  readonly cancels: number;
  /** Connections that came back in doubt and were closed. */
  readonly doubtful: number;
  /** Callers that gave up waiting. */
  readonly timeouts: number;
}

/** The same, to be counted up. */
export type PoolCounters = { -readonly [Name in keyof PoolTotals]: number };

/** Everything at nought. */
export function newCounters(): PoolCounters {
  return {
    leases: 0,
    waits: 0,
    opened: 0,
    rebinds: 0,
    resets: 0,
    evictions: 0,
    cancels: 0,
    doubtful: 0,
    timeouts: 0,
  };
}
