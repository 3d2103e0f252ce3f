// The one place where the bench reaches behind the library's public face: a server pool of its own, because a
// tenancy shows nobody its pools.

import { parseAddress } from '../../packages/tenantry/dist/engine/address.js';
import { ServerPool } from '../../packages/tenantry/dist/pool/server-pool.js';

const HOUR = 3_600_000;

/**
 * A pool on a server, and a target on one of its databases that takes any identity.
 *
 * @param {{ engine: string, url: string, database: string, maxConnections: number }} options
 */
export async function openServerPool({ engine, url, database, maxConnections }) {
  const engines = await import(`../../packages/tenantry/dist/engines/${engine}/index.js`);
  const server = engines[engine].server(parseAddress(url));
  const limits = { maxConnections, maxPerKey: maxConnections, maxWaiting: 10 };
  const times = { acquireMs: 5000, connectMs: 5000, idleMs: HOUR, lifetimeMs: HOUR };
  const pool = new ServerPool('main', server, { ...limits, ...times, cancels: false, sharing: true });
  const certify = async () => {};
  const target = {
    key: database,
    label: database,
    epoch: 1,
    database,
    place: {},
    certifiedOn: new Set(),
    certify,
  };
  return { server, pool, target };
}
