/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'resets-no-part',
  about: 'A session is bound to its part again where it should be reset as well.',
  engines: ['postgres'],
  isolations: ['schema', 'row'],
  patches: [
    {
      file: 'engines/postgres/connection.js',
      find: 'this.#bind(this.#part, true);',
      replace: 'this.#bind(this.#part, false);',
    },
  ],
};
