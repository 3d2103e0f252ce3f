import { notMeasured } from '../lib/verdict.mjs';
import { experiments } from './experiments.mjs';
import { ratioTable } from './ratio-table.mjs';

/** @typedef {{ engines: readonly string[], only: string | undefined }} Selection `only`: an id, or the beginning of some */

/**
 * @param {import('./experiment.mjs').Context} context
 * @param {Selection} selection
 */
export const run = (context, selection) => runExperiments(experiments, context, selection);

/**
 * Runs experiments and says what they came to.
 *
 * @param {readonly import('./experiment.mjs').Experiment[]} experiments
 * @param {import('./experiment.mjs').Context} context
 * @param {Selection} selection
 */
export async function runExperiments(experiments, context, { engines, only }) {
  const selected = select(experiments, engines, only);
  if (selected.length === 0) {
    const ids = experiments.flatMap(({ aims }) => Object.keys(aims));
    throw new Error(`Nothing to measure. The ids are: ${ids.join(', ')}.`);
  }
  const ratios = [];
  const raw = [];
  const spreads = [];
  for (const { experiment, wanted } of selected) {
    const { title, aims } = experiment;
    context.log(title);
    try {
      const outcome = await experiment.run(context, wanted);
      console.log(`\n${outcome.table}`);
      ratios.push(...outcome.ratios.filter(({ id }) => wanted.has(id)));
      raw.push({ experiment: title, aaSpread: outcome.spread, samples: outcome.raw });
      spreads.push(outcome.spread);
    } catch (error) {
      console.log(`\n${title}: NOT MEASURED\n${error instanceof Error ? error.stack : String(error)}`);
      ratios.push(...[...wanted].map((id) => notMeasured(id, aims[id])));
    }
  }
  console.log(`\n${ratioTable(ratios)}\n`);
  const aaSpread = spreads.length === 0 ? null : Math.max(...spreads);
  return { aaSpread, ratios, raw, measured: ratios.every(({ value }) => value !== null) };
}

function select(experiments, engines, only) {
  return experiments
    .filter(({ engine }) => engines.includes(engine))
    .map((experiment) => {
      const ids = Object.keys(experiment.aims);
      const exact = ids.filter((id) => id === only);
      const wanted = exact.length > 0 ? exact : ids.filter((id) => only === undefined || id.startsWith(only));
      return { experiment, wanted: new Set(wanted) };
    })
    .filter(({ wanted }) => wanted.size > 0);
}
