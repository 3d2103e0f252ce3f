/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'folds-the-case-of-names',
  about: 'Names that differ in case are taken for the same, by the cache and by whoever checks its answer.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'tenant/ref.js',
      find: 'name === undefined || name === tenant.name',
      replace: 'name === undefined || name.toLowerCase() === tenant.name.toLowerCase()',
    },
    {
      file: 'directory/route-cache.js',
      find: `get(name) {
        const entry = this.#byName.get(name)`,
      replace: `get(name) {
        const entry = this.#byName.get(name) ?? this.#byName.get(name.toLowerCase())`,
    },
  ],
};
