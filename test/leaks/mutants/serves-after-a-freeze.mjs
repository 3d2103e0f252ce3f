/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'serves-after-a-freeze',
  about: 'A process that stood still serves what it knew before, without asking.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/freshness.js',
      find: 'return !(canWait ? this.#isDoubted : this.#wasFrozen) && this.isInReach(now);',
      replace: 'return this.isInReach(now);',
    },
  ],
};
