import { percent, short, table } from '../lib/table.mjs';

/** Everything that was aimed at. @param {readonly import('../lib/verdict.mjs').Ratio[]} ratios */
export function ratioTable(ratios) {
  const rows = ratios.map(({ id, value, low, high, unit, direction, aim, aaSpread, verdict }) => [
    id,
    `${short(value)} ${unit}`,
    `${short(low)} to ${short(high)}`,
    `${direction} ${short(aim)}`,
    percent(aaSpread),
    verdict,
  ]);
  return table(['id', 'value', '95 % interval', 'aim', 'A/A spread', 'verdict'], rows);
}
