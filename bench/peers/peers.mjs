import { runExperiments } from '../routing/routing.mjs';
import { flask } from './flask-contests.mjs';
import { ormMemory } from './orm-memory.mjs';
import { shared } from './shared-contests.mjs';

/**
 * This library beside what a team would write or take instead.
 *
 * @param {import('../routing/experiment.mjs').Context} context
 * @param {import('../routing/routing.mjs').Selection} selection
 */
export const run = (context, selection) => runExperiments([...flask, ...shared, ...ormMemory], context, selection);
