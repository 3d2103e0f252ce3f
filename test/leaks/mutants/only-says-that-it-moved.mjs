/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'only-says-that-it-moved',
  about: 'A connection that is to move says so and stays.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/connection.js',
      find: `        this.#wire.moveAhead(database);
`,
      replace: '',
    },
  ],
};
