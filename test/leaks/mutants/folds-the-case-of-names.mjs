/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'folds-the-case-of-names',
  about: 'The cache takes names that differ in case for the same.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'directory/route-cache.js',
      find: `get(name) {
        const entry = this.#byName.get(name)`,
      replace: `get(name) {
        const entry = this.#byName.get(name) ?? this.#byName.get(name.toLowerCase())`,
    },
  ],
};
