import { startChild } from '../lib/child.mjs';
import { meanOf, pairedRatioOf, spreadOf } from '../lib/statistics.mjs';
import { atMost, judge, whollyAtMost } from '../lib/verdict.mjs';
import { timesTable } from './times-table.mjs';

/** @type {readonly import('./experiment.mjs').Experiment[]} */
export const paired = [
  comparison('mysql', 'overhead', whollyAtMost(1.05), { perBlock: 100, blocks: 300 }),
  comparison('postgres', 'overhead-postgres', whollyAtMost(1.05), { perBlock: 100, blocks: 300 }),
  comparison('sqlite', 'sqlite-hit', atMost(1.2), { perBlock: 1000, blocks: 200 }),
  comparison('sqlite', 'sqlite-miss', atMost(2), { perBlock: 25, blocks: 200 }),
  switchCpu(),
];

const FILES = {
  overhead: 'paired/overhead.mjs',
  'overhead-postgres': 'paired/overhead.mjs',
  'sqlite-hit': 'paired/sqlite-hit.mjs',
  'sqlite-miss': 'paired/sqlite-miss.mjs',
};

/** @returns {import('./experiment.mjs').Experiment} */
function comparison(engine, id, aim, size) {
  // Three sides that open another file each time, far more than they keep open.
  const tenants = id === 'sqlite-miss' ? 600 : 10;
  const title = `${id}: one statement after the other, in one process (${engine})`;
  return {
    ...{ title, engine, tenants, aims: { [id]: aim } },
    async run({ group, fleets, quick }) {
      const fleet = await fleets[engine](tenants);
      const child = await startChild(group, FILES[id], { ...fleet, tenants });
      let samples;
      try {
        const blocks = quick ? Math.ceil(size.blocks / 4) : size.blocks;
        samples = await child.ask('measure', { ...size, blocks, warmUp: Math.ceil(blocks / 5) });
      } finally {
        await child.stop();
      }
      const { tenantry, again, ...bare } = samples;
      const [reference = []] = Object.values(bare);
      const spread = spreadOf(again, reference, pairedRatioOf);
      const ratio = judge(id, pairedRatioOf(tenantry, reference), aim, spread);
      return { ratios: [ratio], spread, table: timesTable(title, samples, spread, 'µs'), raw: samples };
    },
  };
}

/** @returns {import('./experiment.mjs').Experiment} */
function switchCpu() {
  const id = 'mysql-switch-cpu';
  const aims = { [id]: atMost(12) };
  const title = `${id}: client CPU of a full change of tenant`;
  return {
    ...{ title, engine: 'mysql', tenants: 500, aims },
    async run({ group, fleets, quick, rounds }) {
      const { catalog, server } = await fleets.mysql(500);
      const child = await startChild(group, 'paired/switch-cpu.mjs', { catalog, server });
      let samples;
      try {
        samples = await child.ask('measure', { rounds: rounds * 2, seconds: quick ? 0.3 : 0.6 });
      } finally {
        await child.stop();
      }
      const { switching, staying, again } = samples;
      const cost = meanOf(switching.map((micros, round) => micros - staying[round]));
      // Two that stay differ by nothing but noise; so much of the cost can be noise.
      const noise = meanOf(again.map((micros, round) => Math.abs(micros - staying[round]))).value;
      const spread = noise / Math.abs(cost.value);
      const ratio = judge(id, cost, aims[id], spread, 'µs');
      return { ratios: [ratio], spread, table: timesTable(title, samples, spread, 'µs CPU'), raw: samples };
    },
  };
}
