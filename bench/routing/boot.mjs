import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sqliteDriver, sqliteFile } from '../fleets/sqlite.mjs';
import { USERS } from '../lib/statements.mjs';
import { medianOf, ratioOf, spreadOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';
import { atMost, judge } from '../lib/verdict.mjs';
import { tenantName } from '../load/sequence.mjs';

const execute = promisify(execFile);
const DRIVERS = { mysql: () => 'mysql2', postgres: () => 'pg', sqlite: () => sqliteDriver().name };

/** @type {readonly import('./experiment.mjs').Experiment[]} */
export const boot = [
  experiment('mysql', 'boot'),
  experiment('postgres', 'boot-postgres'),
  experiment('sqlite', 'boot-sqlite'),
];

/** @returns {import('./experiment.mjs').Experiment} */
function experiment(engine, id) {
  const aims = { [id]: atMost(1.3) };
  const title = `${id}: from the start of the process to the first answer (${engine})`;
  return {
    ...{ title, engine, tenants: 10, aims },
    async run({ fleets, quick }) {
      const fleet = await fleets[engine](10);
      const configs = configsOf(fleet, DRIVERS[engine]());
      const samples = { bare: [], again: [], tenantry: [] };
      for (let round = -1; round < (quick ? 6 : 15); round++) {
        for (const [side, { file, config }] of Object.entries(configs)) {
          const millis = await bootMillis(file, config);
          if (round >= 0) samples[side].push(millis);
        }
      }
      const spread = spreadOf(samples.again, samples.bare);
      const rows = Object.entries(samples).map(([side, rounds]) => [side, short(medianOf(rounds))]);
      return {
        ratios: [judge(id, ratioOf(samples.tenantry, samples.bare), aims[id], spread)],
        spread,
        table: `${title} (A/A spread ${percent(spread)})\n${table(['side', 'ms, median'], rows)}`,
        raw: samples,
      };
    },
  };
}

function configsOf({ address, catalog, server, folder }, driver) {
  const tenant = tenantName(1);
  const { engine: _, ...place } = address ?? {};
  const file = folder === undefined ? undefined : sqliteFile(folder, tenant);
  const bare = { file: 'boot-bare.mjs', config: { address: place, file, driver, tenant, sql: USERS } };
  const config = { catalog, server, tenant, sql: USERS };
  return { bare, tenantry: { file: 'boot-tenantry.mjs', config }, again: bare };
}

async function bootMillis(file, config) {
  const path = fileURLToPath(new URL(`../single/${file}`, import.meta.url));
  const { stdout } = await execute(process.execPath, [path, JSON.stringify(config)], { timeout: 30_000 });
  return Number(stdout);
}
