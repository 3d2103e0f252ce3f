/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-see-settings',
  about: 'SET and USE leave nothing, it is said.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/traces.js',
      find: 'return isSetting || tokens',
      replace: 'return tokens',
    },
    {
      file: 'engines/mysql/wire.js',
      find: `this.status.tellsOfTraces ? more(this.#left, 'values') : this.#left`,
      replace: 'this.#left',
    },
  ],
};
