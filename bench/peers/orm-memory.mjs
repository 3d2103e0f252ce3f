import { startChild } from '../lib/child.mjs';
import { HEAP_ARGV } from '../lib/heap.mjs';
import { meanOf, ratioOf, spreadOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';
import { atLeast, judge } from '../lib/verdict.mjs';
import { compilePrisma } from '../orms/generated-prisma.mjs';

const TENANTS = 10_000;
/** Instances that are made; the rest is extrapolated. */
const MADE = 500;
/** Tenants that one instance has served when its heap is looked at. */
const STEPS = [100, 1000, TENANTS];

const MIB = 2 ** 20;

/** One instance for each tenant, or one for all. @type {readonly import('../routing/experiment.mjs').Experiment[]} */
export const ormMemory = [
  experiment('drizzle', atLeast(1)),
  experiment('kysely', atLeast(1)),
  experiment('knex', atLeast(1)),
  experiment('prisma', atLeast(100)),
];

/** @returns {import('../routing/experiment.mjs').Experiment} */
function experiment(orm, aim) {
  const id = `orm-memory-${orm}`;
  const title = `${id}: heap for ${short(TENANTS)} tenants, one instance for each against one for all`;
  return {
    ...{ title, engine: 'postgres', tenants: TENANTS, aims: { [id]: aim } },
    async run({ group, fleets, quick }) {
      const { catalog, server, isolation } = await fleets.row(TENANTS);
      const prismaClient = orm === 'prisma' ? await compilePrisma() : undefined;
      const each = { orm, prismaClient, count: MADE };
      const ambient = { orm, prismaClient, catalog, server, isolation, tenants: TENANTS, steps: STEPS };
      const raw = { each: [], again: [], ambient: [] };
      // A process each, so that no run finds the garbage of another.
      for (let round = 0; round < (quick ? 2 : 4); round++) {
        raw.each.push(await measure(group, 'single/orm-heap-each.mjs', each));
        raw.ambient.push(await measure(group, 'single/orm-heap-ambient.mjs', ambient));
        raw.again.push(await measure(group, 'single/orm-heap-each.mjs', each));
      }
      const spread = spreadOf(raw.again, raw.each);
      const perTenant = raw.each.map((bytes) => bytes * TENANTS);
      // What knows and reaches the tenants is there with either; it is shown beside.
      const forAll = raw.ambient.map(({ tenancyAlone, served }) => served.at(-1) - tenancyAlone);
      const ratio = judge(id, ratioOf(perTenant, forAll), aim, spread);
      return { ratios: [ratio], spread, table: describe(title, raw, spread), raw };
    },
  };
}

async function measure(group, file, config) {
  const child = await startChild(group, file, config, HEAP_ARGV);
  try {
    return await child.ask('measure');
  } finally {
    await child.stop();
  }
}

function describe(title, { each, ambient }, spread) {
  const mean = (/** @type {number[]} */ samples) => meanOf(samples).value;
  const bytes = mean(each);
  const rows = [
    [`${short(MADE)} instances, not connected: each ${short(bytes / 1024)} KiB`, (bytes * MADE) / MIB],
    [`${short(TENANTS)} instances (extrapolated)`, (bytes * TENANTS) / MIB],
    ...STEPS.map((step, index) => [
      `one instance, ${short(step)} tenants served`,
      mean(ambient.map(({ tenancyAlone, served }) => served[index] - tenancyAlone)) / MIB,
    ]),
    [
      `the tenancy under it, ${short(TENANTS)} tenants served`,
      mean(ambient.map(({ tenancyAlone }) => tenancyAlone)) / MIB,
    ],
  ].map(([what, value]) => [String(what), short(Number(value))]);
  return `${title} (A/A spread ${percent(spread)})\n${table(['what', 'MiB'], rows)}`;
}
