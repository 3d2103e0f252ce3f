import { runExperiments } from '../routing/routing.mjs';
import { flask } from './flask-contests.mjs';
import { ormMemory } from './orm-memory.mjs';
import { ormOverhead } from './orm-overhead.mjs';
import { shared } from './shared-contests.mjs';

const experiments = [...flask, ...shared, ...ormOverhead, ...ormMemory];

/**
 * This library beside what a team would write or take instead.
 *
 * @param {import('../routing/experiment.mjs').Context} context
 * @param {import('../routing/routing.mjs').Selection} selection
 */
export const run = (context, selection) => runExperiments(experiments, context, selection);
