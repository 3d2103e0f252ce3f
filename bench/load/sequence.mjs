// Which tenant is asked for next. The same seed gives the same sequence to every side of a round.

/**
 * @typedef {'uniform' | 'zipf' | 'each'} Distribution `each`: all of them, once, in their order
 */

/** The name of a bench tenant, which is its database's name as well; numbers begin at 1. @param {number} number */
export function tenantName(number) {
  return `t${String(number).padStart(5, '0')}`;
}

/**
 * A source of tenant numbers; undefined when it is exhausted.
 *
 * @param {Distribution} distribution
 * @param {number} count of tenants
 * @param {number} seed
 * @returns {() => number | undefined}
 */
export function sequence(distribution, count, seed) {
  if (distribution === 'each') {
    let last = 0;
    return () => (last < count ? ++last : undefined);
  }
  const random = randomNumbers(seed);
  if (distribution === 'uniform') return () => 1 + Math.floor(random() * count);
  return zipf(count, random);
}

/** Zipf with exponent 1. Who is popular is the same in every sequence. */
function zipf(count, random) {
  const numbers = shuffled(count);
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1);
    cumulative[rank] = sum;
  }
  return () => numbers[firstAtLeast(cumulative, random() * sum)];
}

function firstAtLeast(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function shuffled(count) {
  const random = randomNumbers(7);
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [numbers[last], numbers[other]] = [numbers[other], numbers[last]];
  }
  return numbers;
}

/** Mulberry32: small, fast, and good enough to choose tenants. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
