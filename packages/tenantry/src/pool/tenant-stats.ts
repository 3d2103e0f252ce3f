import type { PooledConnection } from './lease.js';
import type { TenantLoad, TenantTotals } from './tenant-turns.js';

/** What one tenant has of a server now. */
export interface TenantStats {
  readonly id: string;
  /** Its name when it was last asked for. */
  readonly name: string;
  /** Connections that it uses, those that are being opened for it included. */
  readonly inUse: number;
  /** Connections that are its own and wait for work. */
  readonly idle: number;
  /** Callers that wait, those for whom one is being opened not included. */
  readonly waiting: number;
  /** The moving average of how long it took a place in the budget for: connecting, using, resetting, closing. Milliseconds. */
  readonly meanMs: number;
  /** What it owes of connection time, in milliseconds; leases in use count by their estimates. */
  readonly debtMs: number;
  /** What was done for it since it is remembered: a tenant that uses and waits for nothing is forgotten after a thousand others. */
  readonly totals: Readonly<TenantTotals>;
}

/** The tenants that hold most of a server, and how many others hold something. */
export interface TenantsStats {
  /** Those that use, keep or wait for a connection now: at most 100 of them, those that have most first. */
  readonly tenants: readonly TenantStats[];
  /** How many others there are. */
  readonly moreTenants: number;
}

/** Where the numbers of a pool's tenants come from. */
export interface TenantStatsSource {
  readonly inUse: Iterable<PooledConnection>;
  readonly idle: Iterable<PooledConnection>;
  /** Those without a target wait for a place, and belong to no tenant. */
  readonly waiters: Iterable<{
    readonly key: string;
    readonly label: string;
    readonly target: object | undefined;
  }>;
  loadOf(key: string): TenantLoad | undefined;
}

/** Counts when asked, so that nothing is kept for it while tenants are served. At most `limit` of them, those that have most first. */
export function tenantStats(source: TenantStatsSource, limit: number): TenantsStats {
  const names = new Map<string, string>();
  const idle = new Map<string, number>();
  for (const { key, label } of source.inUse) names.set(key, label);
  for (const { key, label } of source.idle) {
    names.set(key, label);
    idle.set(key, (idle.get(key) ?? 0) + 1);
  }
  for (const { key, label, target } of source.waiters) if (target !== undefined) names.set(key, label);

  const all = [...names].map(([id, name]): TenantStats => {
    const { key: _id, ...load } = source.loadOf(id) ?? unused(id);
    return { id, name, idle: idle.get(id) ?? 0, ...load };
  });
  const weight = (one: TenantStats) => one.inUse + one.waiting + one.idle;
  all.sort((one, other) => weight(other) - weight(one));
  return { tenants: all.slice(0, limit), moreTenants: Math.max(0, all.length - limit) };
}

function unused(key: string): TenantLoad {
  const totals = { waits: 0, timeouts: 0, opened: 0, rebinds: 0, evictions: 0 };
  return { key, inUse: 0, waiting: 0, meanMs: 0, debtMs: 0, totals };
}
