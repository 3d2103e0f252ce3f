import { afterEach } from 'vitest';
import { ServerPool } from '../../src/pool/server-pool.js';
import type { ServerPoolOptions } from '../../src/pool/server-pool-options.js';
import type { TenantStats } from '../../src/pool/tenant-stats.js';
import type { ControlledServer } from './controlled-server.js';

const pools: ServerPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
});

/** A pool on a controlled server; it ends with its test. */
export function poolOn(server: ControlledServer, options: Partial<ServerPoolOptions> = {}): ServerPool {
  const defaults = {
    maxConnections: 2,
    maxPerKey: 100,
    maxWaiting: 100,
    acquireMs: 5000,
    connectMs: 5000,
    idleMs: 60_000,
    lifetimeMs: 60_000,
    sharing: true,
  };
  const pool = new ServerPool('main', server, { ...defaults, cancels: true, ...options });
  pools.push(pool);
  return pool;
}

/** Those who use or wait for something. */
export function busy(pool: ServerPool): readonly TenantStats[] {
  return pool.tenants(100).tenants.filter(({ inUse, waiting }) => inUse + waiting > 0);
}

/** A clock that stands still until the test moves it. */
export class HandClock {
  ms = 0;
  readonly now = (): number => this.ms;
}
