import { sequence } from '../load/sequence.mjs';

/** A short sequence would count the filling of the empty pool. */
const AT_LEAST = 20_000;

/**
 * The share of requests that find no connection of their tenant under the best possible eviction (Belady's:
 * whoever is needed again last goes), after the pool has filled.
 *
 * @param {object} options
 * @param {number} options.tenants
 * @param {import('../load/sequence.mjs').Distribution} options.distribution
 * @param {number} options.seed
 * @param {number} options.requests
 * @param {number} options.capacity connections
 */
export function fewestMisses({ tenants, distribution, seed, requests, capacity }) {
  const next = sequence(distribution, tenants, seed);
  const asked = Array.from({ length: Math.max(AT_LEAST, requests) }, () => next() ?? 0);
  const neededAgain = nextUses(asked);
  /** Tenant -> when it is needed again. @type {Map<number, number>} */
  const held = new Map();
  const counted = asked.length / 2;
  let misses = 0;
  for (const [at, tenant] of asked.entries()) {
    if (!held.has(tenant)) {
      if (at >= counted) misses++;
      if (held.size === capacity) held.delete(neededLast(held));
    }
    held.set(tenant, neededAgain[at]);
  }
  return misses / counted;
}

function nextUses(asked) {
  const uses = new Array(asked.length);
  const last = new Map();
  for (let at = asked.length - 1; at >= 0; at--) {
    uses[at] = last.get(asked[at]) ?? Number.POSITIVE_INFINITY;
    last.set(asked[at], at);
  }
  return uses;
}

function neededLast(held) {
  let latest = -1;
  let whose = 0;
  for (const [tenant, use] of held) {
    if (use <= latest) continue;
    latest = use;
    whose = tenant;
  }
  return whose;
}
