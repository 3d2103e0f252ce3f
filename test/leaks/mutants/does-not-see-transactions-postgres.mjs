/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'does-not-see-transactions-postgres',
  about: 'An open transaction is not noticed.',
  engines: ['postgres'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: 'this.#sent === this.#answered && !this.isInTransaction()',
      replace: 'this.#sent === this.#answered',
    },
  ],
};
