import { ratioOf } from '../lib/statistics.mjs';
import { atLeast, judge } from '../lib/verdict.mjs';
import { runContest } from './contest.mjs';
import { contestTable } from './contest-table.mjs';
import { fewestMisses } from './fewest-misses.mjs';

const TENANTS = 500;
const TENTH = TENANTS / 10;
/** More than the load can ever use at once, so that nothing is evicted. */
const ENOUGH = 2000;
/** A popular tenant needs more than one connection at a time. */
const PER_TENANT = 4;
const HOUR = 3_600_000;

const allKept = 'postgres-all-kept-vs-map';
const versusLru = 'postgres-tenth-vs-lru';
const versusModel = 'postgres-tenth-vs-model';

/** @type {readonly import('./experiment.mjs').Experiment[]} */
export const postgresContests = [
  {
    title: 'PostgreSQL, 500 tenants, Zipf, every connection kept, over HTTP',
    engine: 'postgres',
    tenants: TENANTS,
    aims: { [allKept]: atLeast(0.97) },
    async run(context) {
      const { address, catalog, server } = await context.fleets.postgres(TENANTS);
      const map = { file: 'sides/map.mjs', config: { address, perTenant: PER_TENANT }, warmEach: true };
      const config = { catalog, server, connections: ENOUGH, timeouts: { idleMs: HOUR } };
      const contest = {
        ...base('every connection kept'),
        sides: {
          'a pool per tenant': map,
          'a pool per tenant again': map,
          tenantry: { file: 'sides/tenantry.mjs', config, warmEach: true },
        },
        pair: /** @type {[string, string]} */ (['a pool per tenant', 'a pool per tenant again']),
        comparisons: [comparison(allKept, 'a pool per tenant', this.aims[allKept])],
      };
      const { samples, ratios, spread } = await runContest(context, contest);
      return { ratios, spread, table: contestTable(contest, samples, spread), raw: samples };
    },
  },
  {
    title: 'PostgreSQL, 500 tenants, Zipf, 50 connections, over HTTP',
    engine: 'postgres',
    tenants: TENANTS,
    aims: { [versusLru]: atLeast(2), [versusModel]: atLeast(0.8) },
    async run(context, wanted) {
      const { address, catalog, server } = await context.fleets.postgres(TENANTS);
      const lru = { file: 'sides/lru.mjs', config: { address, perTenant: 1, pools: TENTH } };
      const config = { catalog, server, connections: TENTH };
      const contest = {
        ...base('50 connections'),
        sides: {
          'an LRU of 50 pools': lru,
          'an LRU of 50 pools again': lru,
          tenantry: { file: 'sides/tenantry.mjs', config, warmEach: true },
          'all kept': { file: 'sides/map.mjs', config: { address, perTenant: PER_TENANT }, warmEach: true },
          'a connection per request': { file: 'sides/connect.mjs', config: { address } },
        },
        pair: /** @type {[string, string]} */ (['an LRU of 50 pools', 'an LRU of 50 pools again']),
        comparisons: wanted.has(versusLru)
          ? [comparison(versusLru, 'an LRU of 50 pools', this.aims[versusLru])]
          : [],
      };
      const { samples, ratios, spread } = await runContest(context, contest);
      const model = modelRates(samples);
      const ours = ratioOf(
        samples.tenantry.map(({ rate }) => rate),
        model.rates,
      );
      if (wanted.has(versusModel)) ratios.push(judge(versusModel, ours, this.aims[versusModel], spread));
      const misses = `best possible eviction: ${model.rates.map(Math.round).join(', ')} requests/s, misses ${model.misses.map((share) => share.toFixed(3)).join(', ')} of the requests`;
      const table = `${contestTable(contest, samples, spread)}\n${misses}`;
      return { ratios, spread, table, raw: { ...samples, model } };
    },
  },
];

function base(what) {
  const distribution = /** @type {const} */ ('zipf');
  return { title: `PostgreSQL, 500 tenants, Zipf, ${what}, over HTTP`, tenants: TENANTS, distribution };
}

/** @returns {import('./contest.mjs').Comparison} */
function comparison(id, to, aim) {
  return { id, of: 'tenantry', to, metric: 'rate', aim };
}

/**
 * What a server pool would reach that knew the future: a hit costs what it costs where every connection is
 * kept, a miss what a new connection costs on top of it, and there are as few misses as any eviction can have.
 *
 * @param {Record<string, import('./contest.mjs').Sample[]>} samples
 */
function modelRates(samples) {
  const misses = samples.tenantry.map(({ seed, requests }) =>
    fewestMisses({ tenants: TENANTS, distribution: 'zipf', seed, requests, capacity: TENTH }),
  );
  const rates = misses.map((share, round) => {
    const hit = 1 / samples['all kept'][round].rate;
    const miss = 1 / samples['a connection per request'][round].rate - hit;
    return 1 / (hit + share * miss);
  });
  return { rates, misses };
}
