import { performance } from 'node:perf_hooks';

/**
 * Measures sides against each other in one process, in short blocks that alternate: what disturbs the machine
 * disturbs all of them alike.
 *
 * @param {Record<string, (index: number) => unknown>} sides one operation each; `index` counts a side's own operations
 * @param {{ blocks: number, perBlock: number, warmUp: number }} size `warmUp`: blocks that are not counted
 * @returns {Promise<Record<string, number[]>>} microseconds per operation, block by block
 */
export async function runBlocks(sides, { blocks, perBlock, warmUp }) {
  const names = Object.keys(sides);
  const samples = Object.fromEntries(names.map((name) => [name, /** @type {number[]} */ ([])]));
  const done = Object.fromEntries(names.map((name) => [name, 0]));
  for (let block = -warmUp; block < blocks; block++) {
    for (const name of turn(names, block + warmUp)) {
      const side = sides[name];
      const startedAt = performance.now();
      for (let count = 0; count < perBlock; count++) await side(done[name]++);
      const micros = ((performance.now() - startedAt) * 1000) / perBlock;
      if (block >= 0) samples[name].push(micros);
    }
  }
  return samples;
}

function turn(names, block) {
  const start = block % names.length;
  return [...names.slice(start), ...names.slice(0, start)];
}
