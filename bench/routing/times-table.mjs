import { meanOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';

/**
 * Sides that were measured in blocks, one line each.
 *
 * @param {string} title
 * @param {Record<string, number[]>} samples
 * @param {number} spread
 * @param {string} unit
 */
export function timesTable(title, samples, spread, unit) {
  const rows = Object.entries(samples).map(([side, blocks]) => {
    const { value, low, high } = meanOf(blocks);
    return [side, short(value), `${short(low)} to ${short(high)}`];
  });
  return `${title} (A/A spread ${percent(spread)})\n${table(['side', `${unit} per operation`, '95 % interval'], rows)}`;
}
