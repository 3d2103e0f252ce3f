import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINES } from './arguments.mjs';
import { openField } from './fields/index.mjs';
import { Hunt } from './hunt.mjs';
import { breed, loadMutants, mutate } from './mutants.mjs';
import { stock } from './reserve.mjs';

/** @typedef {import('./contracts/hunt.js').EngineName} EngineName */
/** @typedef {import('./contracts/field.js').Field} Field */
/** @typedef {import('./contracts/mutant.js').Mutant} Mutant */
/** @typedef {import('../servers/group.mjs').ServerGroup} ServerGroup */
/** @typedef {NonNullable<ReturnType<typeof import('./arguments.mjs').readArguments>>} Options */

/**
 * Hunts deliberate leaks, each in a copy of the library of its own, until each was caught or its operations are
 * used up. Prints them, and in the last line how many were caught.
 *
 * @param {ServerGroup} group
 * @param {Options} options
 * @param {(text: string) => void} log
 * @returns {Promise<number>} the exit code
 */
export async function huntMutants(group, options, log) {
  const known = await loadMutants();
  const names = known.map(({ name }) => name);
  const unknown = options.mutants.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    log(`There is no mutant ${unknown.join(', ')}. Known are: ${names.join(', ')}.`);
    return 2;
  }
  const chosen = known.filter((mutant) =>
    options.allMutants ? isFor(mutant, options) : options.mutants.includes(mutant.name),
  );
  // All of them first: hunting takes minutes.
  for (const mutant of chosen) await mutate(mutant);
  /** @type {string[]} */
  const survived = [];
  for (const engine of ENGINES) {
    const here = chosen.filter((mutant) => engineOf(mutant, options) === engine);
    if (here.length === 0) continue;
    const traceFiles = Array.from({ length: options.processes }, (_, index) =>
      join(group.directory, `trace-${index}.log`),
    );
    const field = await openField({ ...options, engine }, group, traceFiles);
    for (const [index, mutant] of here.entries()) {
      const caught = await huntOne(mutant, { ...options, engine }, { group, field, traceFiles, log, index });
      if (!caught) survived.push(mutant.name);
    }
    await field.close();
  }
  console.log(JSON.stringify({ mutants: chosen.length, caught: chosen.length - survived.length, survived }));
  return survived.length === 0 ? 0 : 1;
}

/**
 * @param {Mutant} mutant
 * @param {Options} options
 */
function isFor({ engines, isolations }, { engineIsGiven, engine, isolation }) {
  return (!engineIsGiven || engines.includes(engine)) && (isolations?.includes(isolation) ?? true);
}

/**
 * @param {Mutant} mutant
 * @param {Options} options
 * @returns {EngineName}
 */
function engineOf({ engines }, { engineIsGiven, engine }) {
  if (engineIsGiven && engines.includes(engine)) return engine;
  return engines[0] ?? engine;
}

/**
 * @param {Mutant} mutant
 * @param {Options} given
 * @param {{ group: ServerGroup, field: Field, traceFiles: readonly string[], log: (text: string) => void, index: number }} setup
 */
async function huntOne(mutant, given, { group, field, traceFiles, log, index }) {
  const { isolation } = given;
  const options = { ...given, connections: Math.max(given.connections, mutant.connections ?? 0) };
  const startedAt = performance.now();
  const dist = await breed(mutant, group.directory);
  // A mutant may leave its tenants in any state, so each has its own.
  const reserve = await stock(field, options, `m${index}_`);
  const quiet = () => {};
  const hunt = new Hunt({ options, field, reserve, traceFiles, group, dist, untilCaught: true, log: quiet });
  await hunt.run();
  await vacate(field, hunt.places);
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  const { operations } = hunt.totals;
  // One that does not even start has leaked nothing.
  if (operations === 0) throw new Error(`${mutant.name} was not hunted: ${hunt.court.texts[0]}`);
  const verdict = hunt.isCaught
    ? `caught after ${operations} operations`
    : `SURVIVED ${operations} operations`;
  console.log(
    `${mutant.name} (${options.engine}${isolation === 'database' ? '' : `, ${isolation}`}): ${verdict}, ${seconds} s`,
  );
  const [first] = hunt.court.texts;
  if (first !== undefined) log(`  ${first.slice(0, 240)}`);
  return hunt.isCaught;
}

/**
 * Drops what a hunt leaves behind, once its hunters, which may have been killed, are gone at the server too.
 *
 * @param {Field} field
 * @param {readonly string[]} places
 */
async function vacate(field, places) {
  const giveUpAt = performance.now() + 5000;
  const set = new Set(places);
  while ((await field.sessions(set)).length > 0 && performance.now() < giveUpAt) await sleep(20);
  await field.drop(places);
}
