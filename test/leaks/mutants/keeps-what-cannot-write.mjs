/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-what-cannot-write',
  about: 'A connection whose server has said that it takes no writes is kept.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'engines/mysql/status.js',
      find: 'return this.#cannotWrite;',
      replace: 'return false;',
    },
    {
      file: 'engines/postgres/connection.js',
      find: 'return this.#watch.cannotWrite;',
      replace: 'return false;',
    },
  ],
};
