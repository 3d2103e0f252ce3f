import { startSqliteFleet } from '../fleets/sqlite.mjs';
import { startChild } from '../lib/child.mjs';
import { meanOf, spreadOf } from '../lib/statistics.mjs';
import { percent, short } from '../lib/table.mjs';
import { atMost, judge } from '../lib/verdict.mjs';

const id = 'route-bytes';
const aims = { [id]: atMost(300) };
const title = `${id}: heap per cached route`;

/** @type {import('./experiment.mjs').Experiment} */
export const routeBytes = {
  ...{ title, engine: 'sqlite', tenants: 0, aims },
  async run({ group, quick }) {
    const tenants = quick ? 20_000 : 60_000;
    const fleet = await startSqliteFleet(group, 'sqlite-routes');
    fleet.ensure(tenants, { withFiles: false });
    // A process each, so that no run finds the garbage of another.
    const bytes = [];
    for (let run = 0; run < 4; run++) {
      const child = await startChild(group, 'single/route-bytes.mjs', { ...fleet, tenants }, ['--expose-gc']);
      try {
        bytes.push(await child.ask('measure'));
      } finally {
        await child.stop();
      }
    }
    const spread = spreadOf([bytes[0], bytes[2]], [bytes[1], bytes[3]]);
    const table = `${title}: ${bytes.map(short).join(', ')} bytes in four processes (A/A spread ${percent(spread)})`;
    return {
      ratios: [judge(id, meanOf(bytes), aims[id], spread, 'B')],
      spread,
      table,
      raw: { bytes, tenants },
    };
  },
};
