/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'leaves-prepared-transactions',
  about: 'A distributed transaction that was prepared stays behind its connection.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/connection.js',
      find: 'if (this.#mayHavePrepared())',
      replace: 'if (false)',
    },
  ],
};
