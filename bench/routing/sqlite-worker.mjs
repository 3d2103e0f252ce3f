import { startChild } from '../lib/child.mjs';
import { meanOf, pairedRatioOf, spreadOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';
import { atMost, judge } from '../lib/verdict.mjs';

const AIMS = { 'sqlite-worker-thread': atMost(100), 'sqlite-worker-process': atMost(200) };
const TENANTS = 10;

/** What a statement costs in a worker. @type {import('./experiment.mjs').Experiment} */
export const sqliteWorker = {
  title: 'sqlite-worker: a small statement in this thread, in a thread and in a process of its own',
  engine: 'sqlite',
  tenants: TENANTS,
  aims: AIMS,
  async run({ group, fleets, quick }) {
    const { server } = await fleets.sqlite(TENANTS);
    const child = await startChild(group, 'paired/sqlite-worker.mjs', { server });
    let measured;
    try {
      const blocks = quick ? 50 : 200;
      measured = await child.ask('measure', { blocks, perBlock: 100, warmUp: blocks / 5 });
    } finally {
      await child.stop();
    }
    const { samples, opening } = measured;
    const { here, again, ...workers } = samples;
    const spread = spreadOf(again, here, pairedRatioOf);
    const ratios = Object.entries(workers).map(([kind, blocks]) => {
      const id = `sqlite-worker-${kind}`;
      return judge(id, meanOf(blocks), AIMS[id], spread, 'µs');
    });
    return { ratios, spread, table: describe(samples, opening, spread), raw: { samples, opening } };
  },
};

function describe(samples, opening, spread) {
  const rows = Object.entries(samples).map(([side, blocks]) => {
    const { value, low, high } = meanOf(blocks);
    const open = opening[side] === undefined ? '' : short(opening[side]);
    return [side, short(value), `${short(low)} to ${short(high)}`, open];
  });
  const head = ['side', 'µs per statement', '95 % interval', 'ms to open'];
  return `${sqliteWorker.title} (A/A spread ${percent(spread)})\n${table(head, rows)}`;
}
