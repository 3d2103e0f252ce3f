import { atLeast, atMost } from '../lib/verdict.mjs';
import { tenantName } from '../load/sequence.mjs';
import { runContest } from './contest.mjs';
import { contestTable } from './contest-table.mjs';

/** Of each side that shares its connections; the machine's own optimum on two cores. */
const CONNECTIONS = 8;
const LRU_POOLS = 100;

/** @type {readonly import('./experiment.mjs').Experiment[]} */
export const mysqlContests = [
  contest({
    title: 'MariaDB, 5,000 tenants, uniform, over HTTP',
    tenants: 5000,
    distribution: 'uniform',
    peer: 'a pool per tenant',
    comparisons: [
      { id: 'mysql-5000-uniform-http', to: 'qualified names', metric: 'rate', aim: atLeast(0.7) },
      { id: 'mysql-5000-vs-map', to: 'a pool per tenant', metric: 'rate', aim: atLeast(1.5) },
      { id: 'mysql-5000-rss', to: 'qualified names', metric: 'rss', aim: atMost(1.5) },
    ],
  }),
  contest({
    title: 'MariaDB, 500 tenants, Zipf, over HTTP',
    tenants: 500,
    distribution: 'zipf',
    peer: 'an LRU of 100 pools',
    comparisons: [
      { id: 'mysql-500-zipf-http', to: 'qualified names', metric: 'rate', aim: atLeast(0.8) },
      { id: 'mysql-500-vs-lru', to: 'an LRU of 100 pools', metric: 'rate', aim: atLeast(8) },
    ],
  }),
];

/** @returns {import('./experiment.mjs').Experiment} */
function contest({ title, tenants, distribution, peer, comparisons }) {
  return {
    title,
    engine: 'mysql',
    tenants,
    aims: Object.fromEntries(comparisons.map(({ id, aim }) => [id, aim])),
    async run(context, wanted) {
      const selected = comparisons
        .filter(({ id }) => wanted.has(id))
        .map((it) => ({ ...it, of: 'tenantry' }));
      const sides = sidesOf(await context.fleets.mysql(tenants));
      // It takes thousands of connections and gigabytes, so only who wants it gets it.
      if (!selected.some(({ to }) => to === peer)) delete sides[peer];
      for (const other of PEERS) if (other !== peer) delete sides[other];
      const definition = {
        ...{ title, tenants, distribution, sides, comparisons: selected },
        pair: /** @type {[string, string]} */ (['qualified names', 'qualified names again']),
      };
      const { samples, ratios, spread } = await runContest(context, definition);
      return { ratios, spread, table: contestTable(definition, samples, spread), raw: samples };
    },
  };
}

const PEERS = ['a pool per tenant', 'an LRU of 100 pools'];

/** @returns {Record<string, import('./contest.mjs').Side>} */
function sidesOf({ address, catalog, server }) {
  const qualified = {
    file: 'sides/qualified.mjs',
    config: { address, connections: CONNECTIONS },
    warmEach: true,
  };
  const database = tenantName(1);
  return {
    'one fixed database': {
      file: 'sides/fixed.mjs',
      config: { address, connections: CONNECTIONS, database },
      rowsOf: database,
    },
    'qualified names': qualified,
    'qualified names again': qualified,
    tenantry: {
      file: 'sides/tenantry.mjs',
      config: { catalog, server, connections: CONNECTIONS },
      warmEach: true,
    },
    'a pool per tenant': { file: 'sides/map.mjs', config: { address, perTenant: 1 }, warmEach: true },
    'an LRU of 100 pools': { file: 'sides/lru.mjs', config: { address, perTenant: 2, pools: LRU_POOLS } },
  };
}
