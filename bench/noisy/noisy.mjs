import { startChild } from '../lib/child.mjs';
import { meanOf, ratioOf, spreadOf } from '../lib/statistics.mjs';
import { short, table } from '../lib/table.mjs';
import { atMost, judge } from '../lib/verdict.mjs';
import { ratioTable } from '../routing/ratio-table.mjs';

const CONNECTIONS = 16;
const TENANTS = 20;
/** Twenty milliseconds hold a connection ten times as long as the others' statements, and burn nothing. */
const SLOW = { mysql: 'SELECT SLEEP(0.02)', postgres: 'SELECT pg_sleep(0.02)' };

/**
 * Measures what one tenant with 500 slow statements does to the others' latency: the p99 of an open loop over
 * nineteen tenants, beside it and without it, on the same process and server.
 *
 * @param {import('../routing/experiment.mjs').Context} context
 * @param {{ engines: readonly string[] }} selection
 */
export async function run(context, { engines }) {
  const raw = [];
  const ratios = [];
  for (const engine of engines.filter((name) => Object.hasOwn(SLOW, name))) {
    const { catalog, server } = await context.fleets[engine](TENANTS);
    const config = { catalog, server, connections: CONNECTIONS, tenants: TENANTS, slow: SLOW[engine] };
    const child = await startChild(context.group, 'noisy/neighbours.mjs', config);
    try {
      const sides = { quiet: [], quietToo: [], noisy: [] };
      await child.ask('measure', { seconds: 1, noise: true });
      for (let round = 0; round < context.rounds; round++) {
        context.log(`${engine}: round ${round + 1} of ${context.rounds}`);
        for (const [side, results] of Object.entries(sides)) {
          results.push(await child.ask('measure', { seconds: context.seconds, noise: side === 'noisy' }));
        }
      }
      const [quiet, quietToo, noisy] = Object.values(sides).map((results) => results.map(({ p99 }) => p99));
      const spread = spreadOf(quiet, quietToo);
      ratios.push(judge(`noisy-${engine}`, ratioOf(noisy, quiet), atMost(2), spread));
      raw.push({ engine, spread, ...sides });
    } finally {
      await child.stop();
    }
  }
  console.log(`\n${latencyTable(raw)}\n\n${ratioTable(ratios)}\n`);
  const aaSpread = Math.max(...raw.map(({ spread }) => spread));
  return { aaSpread, ratios, raw, measured: ratios.length > 0 };
}

function latencyTable(raw) {
  const rows = raw.flatMap(({ engine, quiet, noisy }) =>
    Object.entries({ alone: quiet, 'beside the noisy one': noisy }).map(([side, results]) => [
      `${engine}, ${side}`,
      ...['p50', 'p99'].map((quantile) => `${short(meanOf(results.map((one) => one[quantile])).value)} ms`),
    ]),
  );
  return table(['the other tenants', 'p50', 'p99'], rows);
}
