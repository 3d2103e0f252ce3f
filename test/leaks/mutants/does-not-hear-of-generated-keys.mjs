/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-hear-of-generated-keys',
  about: 'What the server says of a statement that left something is not heard.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/wire.js',
      find: `this.status.tellsOfTraces ? more(this.#left, 'values') : this.#left`,
      replace: 'this.#left',
    },
  ],
};
