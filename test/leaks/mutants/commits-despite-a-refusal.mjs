/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'commits-despite-a-refusal',
  about: 'A statement that nobody waited for may fail, and the rest is committed.',
  engines: ['mysql', 'sqlite'],
  patches: [
    {
      file: 'session/transaction.js',
      find: `        if (this.#unseenFailure !== undefined)
            throw this.#unseenFailure;
`,
      replace: '',
    },
  ],
};
