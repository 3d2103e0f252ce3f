/**
 * What a measurement should come to.
 *
 * @typedef {object} Aim
 * @property {'at least' | 'at most'} direction
 * @property {number} bound
 * @property {boolean} [whole] the whole interval has to keep the bound, and not only its middle
 */

/** @param {number} bound @returns {Aim} */
export const atLeast = (bound) => ({ direction: 'at least', bound });

/** @param {number} bound @returns {Aim} */
export const atMost = (bound) => ({ direction: 'at most', bound });

/** @param {number} bound @returns {Aim} */
export const whollyAtMost = (bound) => ({ direction: 'at most', bound, whole: true });

/**
 * What a bench hands back for one id. `value` is null where it could not be measured.
 *
 * @typedef {object} Ratio
 * @property {string} id
 * @property {number | null} value
 * @property {number | null} low
 * @property {number | null} high
 * @property {number} aim
 * @property {'at least' | 'at most'} direction
 * @property {string} unit
 * @property {number | null} aaSpread of the pair that was measured with it
 * @property {'met' | 'missed' | 'unresolved'} verdict
 */

/**
 * Judges a measurement. Unresolved is what lies nearer to its aim than two identical sides lie to each other,
 * and what the rounds disagree about.
 *
 * @param {string} id
 * @param {import('./statistics.mjs').Estimate} estimate
 * @param {Aim} aim
 * @param {number} aaSpread
 * @param {string} [unit]
 * @returns {Ratio}
 */
export function judge(id, estimate, aim, aaSpread, unit = 'x') {
  const { direction, bound } = aim;
  const { value, low, high } = estimate;
  return {
    id,
    ...{ value: round(value), low: round(low), high: round(high) },
    ...{ aim: bound, direction, unit, aaSpread: round(aaSpread) },
    verdict: verdictOf(estimate, aim, aaSpread),
  };
}

/**
 * An id that should have been measured and was not.
 *
 * @param {string} id
 * @param {Aim} aim
 * @param {string} [unit]
 * @returns {Ratio}
 */
export function notMeasured(id, aim, unit = 'x') {
  const nothing = { value: null, low: null, high: null, aaSpread: null };
  return { id, ...nothing, aim: aim.bound, direction: aim.direction, unit, verdict: 'unresolved' };
}

/**
 * @param {import('./statistics.mjs').Estimate} estimate
 * @param {Aim} aim
 * @param {number} aaSpread
 * @returns {Ratio['verdict']}
 */
function verdictOf({ value, low, high }, { direction, bound, whole }, aaSpread) {
  const keeps = (/** @type {number} */ number) =>
    direction === 'at least' ? number >= bound : number <= bound;
  const worst = direction === 'at least' ? low : high;
  if (whole) return keeps(worst) ? 'met' : keeps(value) ? 'unresolved' : 'missed';
  if (low <= bound && bound <= high && low !== high) return 'unresolved';
  if (bound !== 0 && Math.abs(Math.log(value / bound)) < Math.log1p(aaSpread)) return 'unresolved';
  return keeps(value) ? 'met' : 'missed';
}

/** Four significant digits. @param {number} value */
function round(value) {
  return Number(value.toPrecision(4));
}
