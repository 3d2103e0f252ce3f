import { parseArgs } from 'node:util';

/** @typedef {import('./contracts/hunt.js').EngineName} EngineName */
/** @typedef {import('./contracts/hunt.js').HuntOptions} HuntOptions */

export const ENGINES = /** @type {const} */ (['mysql', 'postgres', 'sqlite']);

const ISOLATIONS = /** @type {const} */ (['database', 'schema', 'row']);

export const USAGE = `Usage: npm run leaks -- --engine mysql|postgres|sqlite [--isolation database|schema|row] [--tenants 50]
  [--processes 2] [--connections 8] [--operations 20000] [--seed 1] [--mutant NAME ... | --mutants]`;

/** What the command line asks for; the text says what is wrong with it. */
export class UsageError extends Error {}

/**
 * A hunt for mutants is small: few tenants on fewer connections meet each other sooner.
 *
 * @param {readonly string[]} args
 * @returns {HuntOptions & { engineIsGiven: boolean, mutants: readonly string[], allMutants: boolean } | undefined}
 *   undefined where help was asked for
 */
export function readArguments(args) {
  const { values } = parse(args);
  if (values.help) return undefined;
  const engine = ENGINES.find((name) => name === values.engine);
  const { mutant: mutants = [], mutants: allMutants = false } = values;
  const isMutant = allMutants || mutants.length > 0;
  if (values.engine !== undefined && engine === undefined) {
    throw new UsageError(`There is no engine ${JSON.stringify(values.engine)}.`);
  }
  if (engine === undefined && !isMutant) throw new UsageError('Say which engine to hunt on.');
  if (allMutants && mutants.length > 0) throw new UsageError('Some mutants, or all of them.');
  const { isolation: wanted = 'database' } = values;
  const isolation = ISOLATIONS.find((name) => name === wanted);
  if (isolation === undefined) throw new UsageError(`There is no isolation ${JSON.stringify(wanted)}.`);
  if (isolation !== 'database' && engine !== 'postgres') {
    throw new UsageError(`Only PostgreSQL has the isolation ${isolation}: --engine postgres.`);
  }
  return {
    engine: engine ?? 'mysql',
    engineIsGiven: engine !== undefined,
    isolation,
    mutants,
    allMutants,
    tenants: whole('tenants', values.tenants, isMutant ? 10 : 50, 4, 10_000),
    processes: whole('processes', values.processes, 2, 1, 16),
    connections: whole('connections', values.connections, isMutant ? 6 : 8, 6, 500),
    operations: whole('operations', values.operations, 20_000, 1, 100_000_000),
    seed: whole('seed', values.seed, 1, 0, 2 ** 31),
  };
}

/** @param {readonly string[]} args */
function parse(args) {
  const text = { type: /** @type {const} */ ('string') };
  const flag = { type: /** @type {const} */ ('boolean') };
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ engine: text, isolation: text, tenants: text, processes: text, connections: text },
        ...{ operations: text, seed: text, mutant: { ...text, multiple: true }, mutants: flag, help: flag },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} name
 * @param {string | undefined} value
 * @param {number} fallback
 * @param {number} min
 * @param {number} max
 */
function whole(name, value, fallback, min, max) {
  if (value === undefined) return fallback;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
}
