/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-see-transactions-postgres',
  about: 'An open transaction is not noticed.',
  engines: ['postgres'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: "this.#watch.left === 'lasting' || this.#isOpen",
      replace: "this.#watch.left === 'lasting'",
    },
  ],
};
