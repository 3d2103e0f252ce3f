import { startChild } from '../lib/child.mjs';
import { pairedRatioOf, spreadOf } from '../lib/statistics.mjs';
import { atLeast, judge } from '../lib/verdict.mjs';
import { timesTable } from '../routing/times-table.mjs';

const SIZE = { blocks: 300, perBlock: 50 };

/** An ORM over this library's pool, and over the driver's. @type {readonly import('../routing/experiment.mjs').Experiment[]} */
export const ormOverhead = ['drizzle', 'kysely', 'knex'].flatMap((orm) => [
  experiment(orm, 'mysql', `orm-overhead-${orm}`),
  experiment(orm, 'postgres', `orm-overhead-${orm}-postgres`),
]);

/** @returns {import('../routing/experiment.mjs').Experiment} */
function experiment(orm, engine, id) {
  const aim = atLeast(0.95);
  const title = `${id}: one query after the other, over a pool of ours and over the driver's`;
  return {
    ...{ title, engine, tenants: 10, aims: { [id]: aim } },
    async run({ group, fleets, quick }) {
      const { address, catalog, server } = await fleets[engine](10);
      const child = await startChild(group, 'paired/orm-overhead.mjs', { orm, address, catalog, server });
      let samples;
      try {
        const blocks = quick ? SIZE.blocks / 4 : SIZE.blocks;
        samples = await child.ask('measure', { ...SIZE, blocks, warmUp: Math.ceil(blocks / 5) });
      } finally {
        await child.stop();
      }
      const { driver, again, tenantry } = samples;
      const spread = spreadOf(again, driver, pairedRatioOf);
      const ratio = judge(id, throughputOf(pairedRatioOf(tenantry, driver)), aim, spread);
      return { ratios: [ratio], spread, table: timesTable(title, samples, spread, 'µs'), raw: samples };
    },
  };
}

/** Times are measured; what is aimed at are queries per second. */
function throughputOf({ value, low, high }) {
  return { value: 1 / value, low: 1 / high, high: 1 / low };
}
