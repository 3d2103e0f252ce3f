/**
 * What an experiment works with.
 *
 * @typedef {object} Context
 * @property {boolean} quick
 * @property {number} rounds
 * @property {number} seconds of load for each side in each round
 * @property {import('../../test/servers/group.mjs').ServerGroup} group
 * @property {import('../fleets/fleets.mjs').Fleets} fleets
 * @property {(message: string) => void} log progress, not results
 *
 * What an experiment comes to.
 *
 * @typedef {object} Outcome
 * @property {readonly import('../lib/verdict.mjs').Ratio[]} ratios
 * @property {number} spread of two identical sides
 * @property {string} table for people
 * @property {object} raw whatever was measured
 *
 * One experiment: the ids that it yields with what they should come to, and how it is run. It is told which of
 * its ids are wanted, so that it can leave out what only the others need.
 *
 * @typedef {object} Experiment
 * @property {string} title
 * @property {'mysql' | 'postgres' | 'sqlite'} engine
 * @property {Readonly<Record<string, import('../lib/verdict.mjs').Aim>>} aims
 * @property {number} tenants how many it needs on its engine
 * @property {(context: Context, wanted: ReadonlySet<string>) => Promise<Outcome>} run
 */

export {};
