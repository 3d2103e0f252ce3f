// Rounds to values. Each round measures every side once, so a round's ratio is free of what changes slowly
// (other load, clock speed); the interval says how far the rounds disagree.

/** Two-sided 95 % quantiles of Student's t by degrees of freedom; beyond the list they are near 1.96. */
const STUDENT = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16];

/**
 * A value with its 95 % interval.
 *
 * @typedef {{ value: number, low: number, high: number }} Estimate
 */

/**
 * The ratio of two sides over rounds: the geometric mean of the rounds' ratios.
 *
 * @param {readonly number[]} above
 * @param {readonly number[]} below
 * @returns {Estimate}
 */
export function ratioOf(above, below) {
  const { value, low, high } = meanOf(above.map((sample, round) => Math.log(sample / below[round])));
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

/**
 * The mean of samples.
 *
 * @param {readonly number[]} samples
 * @returns {Estimate}
 */
export function meanOf(samples) {
  const count = samples.length;
  const value = samples.reduce((sum, sample) => sum + sample, 0) / count;
  if (count < 2) return { value, low: value, high: value };
  const variance = samples.reduce((sum, sample) => sum + (sample - value) ** 2, 0) / (count - 1);
  const margin = (STUDENT[count - 2] ?? 2) * Math.sqrt(variance / count);
  return { value, low: value - margin, high: value + margin };
}

/**
 * How far apart two identical sides were measured: the farther end of their ratio's interval from 1.
 *
 * @param {readonly number[]} one
 * @param {readonly number[]} other
 * @param {typeof ratioOf} [ratio] how they are compared
 */
export function spreadOf(one, other, ratio = ratioOf) {
  const { low, high } = ratio(one, other);
  return low > 0 ? Math.max(1 / low, high) - 1 : Number.POSITIVE_INFINITY;
}

/** @param {readonly number[]} samples */
export function medianOf(samples) {
  const sorted = [...samples].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The ratio of two sides over many short blocks: their mean difference, block by block, over the second one's mean.
 * Nothing is left out, because a pause for a collection is part of what a side costs.
 *
 * @param {readonly number[]} above
 * @param {readonly number[]} below
 * @returns {Estimate}
 */
export function pairedRatioOf(above, below) {
  const { value: base } = meanOf(below);
  const { value, low, high } = meanOf(above.map((sample, block) => sample - below[block]));
  return { value: 1 + value / base, low: 1 + low / base, high: 1 + high / base };
}
