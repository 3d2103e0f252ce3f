/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'moves-by-the-texts',
  about: 'A move resets only what the texts of the statements show.',
  engines: ['postgres'],
  isolations: ['schema', 'row'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: `is in no text.
        this.#bind(part, true);`,
      replace: `is in no text.
        this.#bind(part, this.#watch.left !== 'none');`,
    },
  ],
};
