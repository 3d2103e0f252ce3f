import { meanOf, ratioOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';

/**
 * A contest's sides, one line each, against the first of its pair.
 *
 * @param {import('./contest.mjs').Contest} contest
 * @param {Record<string, import('./contest.mjs').Sample[]>} samples
 * @param {number} spread
 */
export function contestTable({ title, pair: [reference] }, samples, spread) {
  const rates = (/** @type {string} */ side) => samples[side].map(({ rate }) => rate);
  const rows = Object.entries(samples).map(([name, rounds]) => [
    name,
    short(meanOf(rates(name)).value),
    short(ratioOf(rates(name), rates(reference)).value),
    ...['p50', 'p99', 'cpu'].map((metric) => short(meanOf(rounds.map((round) => round[metric])).value)),
    short(Math.max(...rounds.map(({ rss }) => rss)) / 2 ** 20),
  ]);
  const head = ['side', 'requests/s', 'ratio', 'p50 ms', 'p99 ms', 'CPU µs/request', 'RSS MiB'];
  return `${title} (A/A spread ${percent(spread)})\n${table(head, rows)}`;
}
