import { startChild } from '../lib/child.mjs';
import { ratioOf, spreadOf } from '../lib/statistics.mjs';
import { judge } from '../lib/verdict.mjs';

/** Keep-alive connections of the load generator. */
const CLIENTS = 32;
const WARM_UP_SECONDS = 1;

/**
 * One way to serve the tenants.
 *
 * @typedef {object} Side
 * @property {string} file the program, inside bench/
 * @property {object} config what it is started with
 * @property {string} [rowsOf] whose rows come for every name, where it has one database only
 * @property {boolean} [warmEach] asked once for every tenant before anything is measured
 *
 * What is compared.
 *
 * @typedef {object} Comparison
 * @property {string} id
 * @property {string} of a side
 * @property {string} to another one
 * @property {'rate' | 'rss'} metric
 * @property {import('../lib/verdict.mjs').Aim} aim
 *
 * A contest over HTTP.
 *
 * @typedef {object} Contest
 * @property {string} title
 * @property {number} tenants
 * @property {import('../load/sequence.mjs').Distribution} distribution
 * @property {Record<string, Side>} sides
 * @property {boolean} [close] each request on a connection of its own
 * @property {readonly [string, string]} pair two identical sides
 * @property {readonly Comparison[]} comparisons
 *
 * @typedef {{ rate: number, p50: number, p99: number, cpu: number, rss: number, requests: number, seed: number }} Sample
 */

/**
 * Runs every side in turn, round after round, and compares them.
 *
 * @param {import('./experiment.mjs').Context} context
 * @param {Contest} contest
 */
export async function runContest(context, contest) {
  const { group, rounds, seconds, log } = context;
  const generator = await startChild(group, 'load/generator.mjs', {});
  /** @type {Map<string, { side: Side, child: import('../lib/child.mjs').Child, port: number, samples: Sample[] }>} */
  const running = new Map();
  try {
    for (const [name, side] of Object.entries(contest.sides)) {
      log(`${contest.title}: warming up ${name}`);
      const child = await startChild(group, side.file, side.config);
      const entry = { side, child, port: await child.ask('port'), samples: [] };
      running.set(name, entry);
      const { tenants, distribution, close } = contest;
      if (side.warmEach)
        await load(generator, name, entry, {
          tenants,
          distribution: 'each',
          seed: 0,
          seconds: undefined,
          close,
        });
      await load(generator, name, entry, { tenants, distribution, seed: 1, seconds: WARM_UP_SECONDS, close });
    }
    for (let round = 0; round < rounds; round++) {
      log(`${contest.title}: round ${round + 1} of ${rounds}`);
      for (const name of turn([...running.keys()], round)) {
        const entry = running.get(name);
        if (entry === undefined) continue;
        const { tenants, distribution, close } = contest;
        const seed = 100 + round;
        entry.samples.push(
          await load(generator, name, entry, { tenants, distribution, seed, seconds, close }),
        );
      }
    }
  } finally {
    await Promise.all([generator, ...[...running.values()].map(({ child }) => child)].map((it) => it.stop()));
  }
  const samples = Object.fromEntries([...running].map(([name, entry]) => [name, entry.samples]));
  return { samples, ...conclude(contest, samples) };
}

/** Every round begins with another side, and every other round goes backwards. */
function turn(names, round) {
  const start = round % names.length;
  const turned = [...names.slice(start), ...names.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** @returns {Promise<Sample>} */
async function load(generator, name, { side, child, port }, details) {
  const before = await child.ask('usage');
  const result = await generator.ask('run', { port, connections: CLIENTS, rowsOf: side.rowsOf, ...details });
  const after = await child.ask('usage');
  const { errors, wrong, first } = result.failures;
  if (wrong > 0) throw new Error(`${name} gave ${wrong} answers of another tenant; the first ${first}`);
  if (errors > 0)
    throw new Error(`${name} failed ${errors} of ${result.requests} requests; the first: ${first}`);
  const { rate, p50, p99, requests } = result;
  const cpu = (after.cpu - before.cpu) / Math.max(1, requests);
  return { rate, p50, p99, cpu, rss: after.rss, requests, seed: details.seed };
}

/**
 * @param {Contest} contest
 * @param {Record<string, Sample[]>} samples
 */
function conclude({ pair, comparisons }, samples) {
  const column = (/** @type {string} */ side, /** @type {'rate' | 'rss'} */ metric) =>
    samples[side].map((sample) => sample[metric]);
  const spread = (/** @type {'rate' | 'rss'} */ metric) =>
    spreadOf(column(pair[0], metric), column(pair[1], metric));
  const ratios = comparisons.map(({ id, of, to, metric, aim }) =>
    judge(id, ratioOf(column(of, metric), column(to, metric)), aim, spread(metric)),
  );
  return { ratios, spread: spread('rate') };
}
