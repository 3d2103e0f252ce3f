import { startChild } from '../lib/child.mjs';
import { medianOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';
import { atMost, judge } from '../lib/verdict.mjs';

/** No scavenge while bytes are counted. */
const EXEC_ARGV = ['--expose-gc', '--max-semi-space-size=128', '--min-semi-space-size=128'];

/** @type {readonly import('./experiment.mjs').Experiment[]} */
export const hotPath = [
  experiment('mysql', 'hot-path'),
  experiment('postgres', 'hot-path-postgres'),
  experiment('sqlite', 'hot-path-sqlite'),
];

/**
 * What is aimed at is that neither step makes a promise; times and bytes are shown beside it.
 *
 * @returns {import('./experiment.mjs').Experiment}
 */
function experiment(engine, id) {
  const aims = { [id]: atMost(0) };
  const title = `${id}: session(name), and lease and release of an idle connection, and its client lent (${engine})`;
  return {
    ...{ title, engine, tenants: 10, aims },
    async run({ group, fleets, quick }) {
      const { catalog, server } = await fleets[engine](10);
      const child = await startChild(group, 'single/hot-path.mjs', { engine, catalog, server }, EXEC_ARGV);
      let measured;
      try {
        measured = await child.ask('measure', { count: quick ? 10_000 : 50_000, rounds: 25 });
      } finally {
        await child.stop();
      }
      const { samples, bytes, promises } = measured;
      // Medians: at this scale one interruption is worth more than all operations of a round.
      const nanos = (/** @type {string} */ step) => medianOf(samples[step]);
      const apart = (step) => Math.abs(Math.log(nanos(`${step} again`) / nanos(step)));
      const spread = Math.expm1(Math.max(apart('session'), apart('lease')));
      const rows = ['session', 'lease', 'lend'].map((step) => [
        step,
        short(nanos(step)),
        short(Math.min(...samples[step])),
        String(bytes[step]),
        String(promises[step]),
      ]);
      const made = promises.session + promises.lease;
      return {
        ratios: [judge(id, { value: made, low: made, high: made }, aims[id], spread, 'promises')],
        spread,
        table: `${title} (A/A spread ${percent(spread)})\n${table(['step', 'ns, median', 'ns, best', 'bytes', 'promises'], rows)}`,
        raw: measured,
      };
    },
  };
}
